#include <bench/base/file.h>
#include <bench/explain/kernel_name.h>

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace bench::explain {
namespace {

/// The names of a table that reports/words.py is held against too.
TEST(ShortKernelName, IsWhatTellsKernelsApart) {
  std::istringstream lines(read_file(BENCH_EXPLAIN_DIR "/testdata/kernel_names.tsv"));
  std::set<std::string> shorts;
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    std::string width, shown, name;
    ASSERT_TRUE(std::getline(cells, width, '\t') && std::getline(cells, shown, '\t')) << line;
    std::getline(cells, name, '\t');
    EXPECT_EQ(short_kernel_name(name, std::stoul(width)), shown) << name;
    EXPECT_TRUE(shorts.insert(shown).second) << shown;
    ++count;
  }
  EXPECT_GT(count, 10);
}

TEST(ShortKernelName, HasNoControlCharacters) {
  EXPECT_EQ(short_kernel_name("a\x1b[31m", 60), "a?[31m");
}

TEST(WithoutArguments, IsUpToTheBracketOutsideOfAllOthers) {
  EXPECT_EQ(without_arguments("f<(int)3>(float*)"), "f<(int)3>");
  EXPECT_EQ(without_arguments("(x)::f(int)"), "(x)::f");
}

} // namespace
} // namespace bench::explain
