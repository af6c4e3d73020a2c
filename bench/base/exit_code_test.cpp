#include <bench/base/exit_code.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace bench {
namespace {

TEST(ExitCode, WorseFollowsTheDocumentedOrder) {
  const std::vector<ExitCode> documented{
      ExitCode::interrupted, ExitCode::usage,   ExitCode::unavailable,  ExitCode::regression,
      ExitCode::invalid,     ExitCode::missing, ExitCode::inconclusive, ExitCode::ok,
  };
  ASSERT_EQ(documented.size(), kExitCodes.size());
  for (std::size_t i = 0; i < documented.size(); ++i) {
    for (std::size_t j = i; j < documented.size(); ++j) {
      EXPECT_EQ(worse(documented[i], documented[j]), documented[i]) << i << ", " << j;
      EXPECT_EQ(worse(documented[j], documented[i]), documented[i]) << j << ", " << i;
    }
  }
}

TEST(ExitCode, TableIsAscendingAndEachEntryIsDescribed) {
  const auto by_value = [](const ExitCodeInfo& a, const ExitCodeInfo& b) {
    return static_cast<int>(a.code) < static_cast<int>(b.code);
  };
  EXPECT_TRUE(std::is_sorted(kExitCodes.begin(), kExitCodes.end(), by_value));
  for (const ExitCodeInfo& info : kExitCodes) {
    EXPECT_FALSE(info.name.empty());
    EXPECT_FALSE(info.meaning.empty());
  }
}

} // namespace
} // namespace bench
