#include <bench/profile/operation.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace bench::profile {
namespace {

TEST(Operation, TheOutermostOfThisThread) {
  EXPECT_EQ(Operation::current(), nullptr);
  {
    const Operation outer("modulation");
    EXPECT_STREQ(Operation::current(), "modulation");
    {
      const Operation inner("linear");
      EXPECT_STREQ(Operation::current(), "modulation");
    }
    EXPECT_STREQ(Operation::current(), "modulation");
    std::thread([] { EXPECT_EQ(Operation::current(), nullptr); }).join();
  }
  EXPECT_EQ(Operation::current(), nullptr);
}

/// Where no tool listens it must not show in a launch of 2 us; a bound that a busy machine keeps.
TEST(Operation, CostsNanoseconds) {
  constexpr int kCount = 1'000'000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCount; ++i)
    const Operation operation("linear");
  const std::chrono::duration<double, std::nano> t = std::chrono::steady_clock::now() - start;
  RecordProperty("nanoseconds", std::to_string(t.count() / kCount));
  EXPECT_LT(t.count() / kCount, 200);
}

} // namespace
} // namespace bench::profile
