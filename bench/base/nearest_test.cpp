#include <bench/base/nearest.h>

#include <gtest/gtest.h>

namespace bench {
namespace {

TEST(Nearest, CountsEachKindOfEditOnce) {
  // Two edits are allowed for words this short; the second of each pair costs one and wins.
  EXPECT_EQ(nearest("step", {"stomp", "steps"}), "steps");    // insertion
  EXPECT_EQ(nearest("stepps", {"shapes", "steps"}), "steps"); // deletion
  EXPECT_EQ(nearest("stebs", {"stabbs", "steps"}), "steps");  // substitution
  EXPECT_EQ(nearest("grpah", {"grips", "graph"}), "graph");   // transposition
  EXPECT_EQ(nearest("graph", {"grapa", "graph"}), "graph");   // the word itself
}

TEST(Nearest, NothingWhenTooFar) {
  EXPECT_EQ(nearest("engine", {"guidance", "shift"}), "");
  EXPECT_EQ(nearest("x", {"ab", "c"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest("steps", {}), "");
}

TEST(Nearest, LongWordsMayDifferInAThirdOfTheirLetters) {
  EXPECT_EQ(nearest("negativ_txt_token", {"negative_text_tokens"}), "negative_text_tokens");
  EXPECT_EQ(nearest("abcdefghi", {"abcdefxyz"}), "abcdefxyz");
  EXPECT_EQ(nearest("abcdefghi", {"abcdewxyz"}), "");
}

TEST(Hint, SuggestsOrListsSorted) {
  EXPECT_EQ(hint("step", {"shift", "steps"}), "; did you mean 'steps'?");
  EXPECT_EQ(hint("banana", {"steps", "guidance"}), "; known: guidance, steps");
  EXPECT_EQ(hint("steps", {}), "; none is known");
}

} // namespace
} // namespace bench
