#include <bench/stats/clock_gap.h>
#include <bench/stats/variance.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::stats {
namespace {

/// Of 3 base replicates and 3 new ones whose log clocks are 0.4 % apart within each arm.
Contrast clocks_apart(double estimate) {
  return {.estimate = estimate,
          .squares = 4 * 0.004 * 0.004,
          .df = 4,
          .base_devices = 1,
          .fresh_devices = 1,
          .share = 2.0 / 3,
          .base_share = 1.0 / 3};
}

TEST(ClockGap, ByChanceGoesToTheMeanOfAllReplicates) {
  const ClockGap gap(clocks_apart(0.006), 3);
  EXPECT_EQ(gap.now(), 0.006);
  EXPECT_DOUBLE_EQ(gap.with(3), 0.006);
  // Three more of the mean of all, 0.003 above the base.
  EXPECT_NEAR(gap.with(6), (0.006 + 0.003) / 2, 1e-15);
  EXPECT_NEAR(gap.with(1'000'000), 0.003, 1e-7);
}

TEST(ClockGap, BeyondChanceStays) {
  const double chance = three_sigma(4) * 0.004 * std::sqrt(2.0 / 3);
  EXPECT_LT(ClockGap(clocks_apart(0.99 * chance), 3).with(6), 0.8 * chance);
  EXPECT_DOUBLE_EQ(ClockGap(clocks_apart(1.01 * chance), 3).with(6), 1.01 * chance);
}

TEST(ClockGap, OfOneReplicateASideStays) {
  const ClockGap gap({.estimate = -0.004, .share = 2, .base_share = 1}, 1);
  EXPECT_EQ(gap.with(1), -0.004);
  EXPECT_EQ(gap.with(9), -0.004);
}

} // namespace
} // namespace bench::stats
