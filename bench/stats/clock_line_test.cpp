#include <bench/stats/clock_line.h>
#include <bench/stats/fake_observations.h>

#include <gtest/gtest.h>

namespace bench::stats {
namespace {

using Pointers = std::vector<const Observation*>;

Pointers pointers(const std::vector<Observation>& arm) {
  Pointers result;
  for (const Observation& one : arm)
    result.push_back(&one);
  return result;
}

TEST(ClockLine, ByHand) {
  // Around each group's mean f is -1, 0, 1 and t is 2, -1, -1, then 3, 0, -3: their products
  // are -3 and -6, the squares of f 2 and 2, of t 6 and 18.
  const Observation one{.device = "",
                        .log_t = {12, 9, 9, 103, 100, 97},
                        .log_f = {1, 2, 3, 51, 52, 53},
                        .group = {0, 0, 0, 1, 1, 1},
                        .log_anchor = {}};
  const auto line = fit_clock_line(Pointers{&one});
  ASSERT_TRUE(line);
  EXPECT_DOUBLE_EQ(line->slope, -9.0 / 4);
  EXPECT_EQ(line->df, 3); // 6 samples, 2 levels, 1 slope
  EXPECT_DOUBLE_EQ(line->variance, (24 - 81.0 / 4) / 3 / 4);
}

TEST(ClockLine, SameGroupOfAnotherReplicateHasItsOwnLevel) {
  const Observation low{.device = "",
                        .log_t = {1, 0, -1.1},
                        .log_f = {0, 1, 2},
                        .group = {0, 0, 0},
                        .log_anchor = {}};
  Observation high = low;
  for (double& t : high.log_t)
    t += 1000;
  for (double& f : high.log_f)
    f += 7;
  const auto line = fit_clock_line(Pointers{&low, &high});
  ASSERT_TRUE(line);
  EXPECT_NEAR(line->slope, -1.05, 1e-9);
}

TEST(ClockLine, RecoversTheSlope) {
  std::mt19937_64 random(1);
  const auto arm = fake_arm({.replicates = 10, .slope = -0.7}, random);
  const auto line = fit_clock_line(pointers(arm));
  ASSERT_TRUE(line);
  EXPECT_NEAR(line->slope, -0.7, 4 * std::sqrt(line->variance));
  EXPECT_LT(std::sqrt(line->variance), 0.01);
  EXPECT_EQ(line->df, 10 * 2 * 9 + 10 * 2 - 10 * 2 - 1);
}

TEST(ClockLine, NoneForAStillClockOrTooFewSamples) {
  std::mt19937_64 random(2);
  EXPECT_FALSE(fit_clock_line(pointers(fake_arm({.sample_clock_sd = 0}, random))));
  EXPECT_FALSE(fit_clock_line(pointers(fake_arm({.samples_per_group = 1}, random))));
}

TEST(ClockLine, CommonNeedsClocksEverywhereAndSignificance) {
  std::mt19937_64 random(3);
  const auto base = fake_arm({}, random);
  auto fresh = fake_arm({}, random);
  EXPECT_TRUE(common_clock_line(pointers(base), pointers(fresh)));
  fresh.back().log_f.clear();
  EXPECT_FALSE(common_clock_line(pointers(base), pointers(fresh)));
  const auto flat = fake_arm({.slope = 0}, random);
  EXPECT_FALSE(common_clock_line(pointers(flat), pointers(flat)));
}

TEST(ClockLine, CommonIsPooledWhereTheArmsAgree) {
  std::mt19937_64 random(4);
  const auto base = fake_arm({}, random);
  const auto fresh = fake_arm({.replicates = 6}, random);
  const auto line = common_clock_line(pointers(base), pointers(fresh));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->disagreement, 0);
  EXPECT_EQ(line->df, 9 * 20 - 9 * 2 - 1);
}

TEST(ClockLine, CommonIsTheBasesWhereTheArmsDisagree) {
  std::mt19937_64 random(5);
  const auto steep = fake_arm({.slope = -0.9}, random);
  const auto gentle = fake_arm({.slope = -0.4}, random);
  const auto line = common_clock_line(pointers(steep), pointers(gentle));
  ASSERT_TRUE(line);
  EXPECT_NEAR(line->slope, -0.9, 0.05);
  EXPECT_NEAR(line->disagreement, 0.5, 0.1);
  const auto flat = fake_arm({.slope = 0}, random);
  const auto of_fresh = common_clock_line(pointers(flat), pointers(steep));
  ASSERT_TRUE(of_fresh);
  EXPECT_NEAR(of_fresh->slope, -0.9, 0.05);
  EXPECT_NEAR(of_fresh->disagreement, 0.9, 0.1);
}

} // namespace
} // namespace bench::stats
