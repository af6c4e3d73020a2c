#include <bench/base/error.h>
#include <bench/base/pattern.h>

#include <gmock/gmock.h>

#include <stdexcept>

namespace bench {
namespace {

TEST(Pattern, IsFoundAnywhere) {
  const Pattern pattern("loop/.*fused$");
  EXPECT_TRUE(pattern.is_in("zimage/loop/turbo-9/graph/fused"));
  EXPECT_FALSE(pattern.is_in("zimage/loop/turbo-9/graph/fused_v2"));
  EXPECT_TRUE(Pattern("").is_in("anything"));
  EXPECT_FALSE(Pattern("^(?!.*/loop/)").is_in("zimage/loop/turbo-9/graph/aten"));
}

TEST(Pattern, SaysWhatIsWrong) {
  EXPECT_THROW(Pattern("a("), std::invalid_argument);
  EXPECT_THROW(Pattern("(?!a)", Pattern::Grammar::extended), std::invalid_argument);
  try {
    pattern_option("--only", "a(");
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), testing::StartsWith("--only 'a(': no regular expression ("));
  }
}

} // namespace
} // namespace bench
