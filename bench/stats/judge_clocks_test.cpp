#include <bench/stats/fake_observations.h>
#include <bench/stats/judge.h>

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <random>
#include <vector>

/// Arms whose clocks differ.
namespace bench::stats {
namespace {

using Arm = std::vector<Observation>;

TEST(JudgeClocks, AdjustedTakesOutTheClocksWander) {
  std::mt19937_64 random(7);
  const Arm base = fake_arm({.replicates = 6}, random);
  const Arm fresh = fake_arm({.replicates = 6, .clock = -0.02}, random);
  const Judgement adjusted = judge(base, fresh, {});
  ASSERT_TRUE(adjusted.slope);
  EXPECT_NEAR(*adjusted.slope, -0.8, 0.02);
  EXPECT_EQ(adjusted.verdict, Verdict::pass) << adjusted.reason;
  EXPECT_NEAR(adjusted.work.estimate, 0, 0.0006);
  EXPECT_NEAR(adjusted.clock, 0.016, 0.005);
  EXPECT_DOUBLE_EQ(adjusted.wall, adjusted.work.estimate + adjusted.clock);
  const Judgement raw = judge(base, fresh, {.adjust = false});
  EXPECT_FALSE(raw.slope);
  EXPECT_NEAR(raw.work.estimate, adjusted.wall, 1e-12);
  EXPECT_NE(raw.verdict, Verdict::pass);
  EXPECT_GT(raw.work.half_width, 4 * adjusted.work.half_width);
}

TEST(JudgeClocks, ExtrapolationWidensWithTheClocksDistance) {
  std::mt19937_64 random(8);
  const Arm base = fake_arm({.replicate_clock_sd = 0, .sample_sd = 0}, random);
  Arm fresh = fake_arm({.clock = -0.02, .replicate_clock_sd = 0, .sample_sd = 0}, random);
  const Judgement without = judge(base, fresh, {});
  const Judgement with = judge(base, fresh, {.noise = {.extrapolation = 0.1}});
  EXPECT_DOUBLE_EQ(with.work.estimate, without.work.estimate);
  const double gap = std::abs(with.clock / *with.slope);
  EXPECT_NEAR(with.work.half_width - without.work.half_width, 0.1 * gap, 1e-9);
  EXPECT_GT(gap, 0.015);
  EXPECT_LT(without.work.half_width, 0.0035);
}

TEST(JudgeClocks, ClocksTooFarApart) {
  std::mt19937_64 random(9);
  const Arm base = fake_arm({}, random);
  const Arm fresh = fake_arm({.clock = -0.08}, random);
  const Judgement judgement = judge(base, fresh, {});
  EXPECT_EQ(judgement.verdict, Verdict::inconclusive);
  EXPECT_NE(judgement.reason.find("the clocks differ by 8."), std::string::npos)
      << judgement.reason;
  EXPECT_TRUE(std::isfinite(judgement.work.half_width));
  EXPECT_GT(judgement.wall, 0.05);
  EXPECT_FALSE(judgement.replicates_needed);
  EXPECT_TRUE(judgement.wants_pairs);
  // Time that does not follow the clock is compared as it is, whatever the clocks.
  const Arm flat = fake_arm({.replicates = 10, .slope = 0}, random);
  const Arm far = fake_arm({.replicates = 10, .clock = -0.08, .slope = 0}, random);
  EXPECT_EQ(judge(flat, far, {}).verdict, Verdict::pass);
}

TEST(JudgeClocks, WhatHoldsAtAnySlopeIsDecidedHoweverFarTheClocksAre) {
  std::mt19937_64 random(11);
  const Arm base = fake_arm({}, random);
  const Arm fused = fake_arm({.drift = -0.25, .clock = -0.08}, random);
  EXPECT_EQ(judge(base, fused, {}).verdict, Verdict::improvement);
  EXPECT_EQ(judge(fused, base, {}).verdict, Verdict::regression);
  EXPECT_FALSE(judge(base, fused, {}).wants_pairs);
  // One process a side: nothing tells how far apart times as they were timed are.
  const Rules prior{.noise = {.replicate_sd = 0.0003, .replicate_df = 20}};
  EXPECT_EQ(judge(std::span(base).first(1), std::span(fused).first(1), prior).verdict,
            Verdict::inconclusive);
  // Another GPU may be faster by itself.
  const Arm elsewhere = fake_arm({.drift = -0.25, .clock = -0.08, .device = "GPU-b"}, random);
  EXPECT_EQ(judge(base, elsewhere, {}).verdict, Verdict::inconclusive);
}

/// Clocks of processes on one GPU are 0.4 % apart, by chance: what this one widens the interval by
/// is less with more processes.
TEST(JudgeClocks, ReplicatesNeededWhereClocksDifferByChance) {
  const Rules rules{.noise = {.replicate_sd = 0.0002,
                              .replicate_df = 50,
                              .extrapolation = 0.08,
                              .covariates = {.clock = {.slope = 0.1, .slope_sd = 0.02, .df = 30},
                                             .replicate_sd = 0.0002,
                                             .replicate_df = 50}}};
  std::mt19937_64 random(1);
  const auto arm_at = [&](std::initializer_list<double> clocks) {
    Arm arm;
    for (const double clock : clocks)
      arm.push_back(
          fake_arm(
              {.replicates = 1, .clock = clock, .replicate_sd = 0.0001, .replicate_clock_sd = 0},
              random)
              .front());
    return arm;
  };
  const Arm base = arm_at({-0.006, 0.002, 0});
  const Judgement by_chance = judge(base, arm_at({0.006, 0.01, 0.005}), rules);
  EXPECT_EQ(by_chance.verdict, Verdict::inconclusive);
  EXPECT_TRUE(by_chance.replicates_needed);
  EXPECT_FALSE(by_chance.wants_pairs);
  const Judgement always = judge(base, arm_at({0.0195, 0.02, 0.0205}), rules);
  EXPECT_EQ(always.verdict, Verdict::inconclusive);
  EXPECT_FALSE(always.replicates_needed);
  EXPECT_TRUE(always.wants_pairs);
}

} // namespace
} // namespace bench::stats
