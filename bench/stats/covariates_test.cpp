#include <bench/stats/covariates.h>
#include <bench/stats/fake_observations.h>
#include <bench/stats/pairs.h>
#include <bench/stats/variance.h>

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <random>
#include <string>

namespace bench::stats {
namespace {

/// Loops follow the clock with -0.9, processes with -0.77, and each degree costs 0.02 %.
constexpr double kClock = 0.13, kPerDegree = 2e-4;

std::vector<Observation> arm(double clock, double temperature_c, std::mt19937_64& random,
                             double follows_clock = kClock) {
  std::vector<Observation> all = fake_arm({.clock = clock,
                                           .replicate_sd = 0.0002,
                                           .replicate_clock_sd = 0.003,
                                           .sample_clock_sd = 0.02,
                                           .slope = -0.9},
                                          random);
  for (Observation& one : all) {
    one.temperature_c = temperature_c + std::normal_distribution<double>(0, 3)(random);
    const double more = follows_clock * (mean_log_clock(one) - std::log(1.6e9)) +
                        kPerDegree * (*one.temperature_c - 60);
    for (double& t : one.log_t)
      t += more;
  }
  return all;
}

Rules knowing(Covariate clock, Covariate temperature) {
  Rules rules;
  rules.noise = {.replicate_sd = 0.0007, .replicate_df = 42};
  rules.noise.covariates = {
      .clock = clock, .temperature = temperature, .replicate_sd = 0.0002, .replicate_df = 40};
  return rules;
}

const Rules kKnown = knowing({kClock, 0.01, 40}, {kPerDegree, 2e-5, 40});

TEST(Covariates, AreTakenOutOfADrift) {
  std::mt19937_64 random(1);
  const auto base = arm(0, 55, random), warmer = arm(0.003, 70, random); // 15 degrees: +0.3 %
  const Judgement judged = judge(base, warmer, kKnown);
  EXPECT_EQ(judged.verdict, Verdict::pass) << judged.reason;
  EXPECT_NEAR(judged.work.estimate, 0, 0.0005);
  EXPECT_DOUBLE_EQ(judged.wall, judged.work.estimate + judged.clock);
  EXPECT_GT(judge(base, warmer, knowing({}, {})).work.estimate, 0.0025) << "else an alarm";
}

TEST(Covariates, AreTakenOutOfPairs) {
  std::mt19937_64 random(2);
  const auto base = arm(0, 55, random), warmer = arm(0.003, 70, random);
  EXPECT_NEAR(judge_pairs(base, warmer, kKnown).work.drift.estimate, 0, 0.0005);
  EXPECT_GT(judge_pairs(base, warmer, knowing({}, {})).work.drift.estimate, 0.0025);
}

TEST(Covariates, TheErrorOfTheirSlopesIsInTheInterval) {
  std::mt19937_64 random(3);
  const auto base = arm(0, 55, random), warmer = arm(0, 70, random);
  const auto half_width = [&](double slope_sd) {
    return judge(base, warmer, knowing({kClock, 0.01, 40}, {kPerDegree, slope_sd, 40}))
        .work.half_width;
  };
  EXPECT_GT(half_width(1e-4), half_width(0) + 15 * 1e-4);
}

TEST(Covariates, WithoutAThermometerTheNoiseIsThatWithThem) {
  std::mt19937_64 random(4);
  auto base = arm(0, 60, random), fresh = arm(0, 60, random);
  base[1].temperature_c.reset();
  const Judgement judged = judge(base, fresh, kKnown),
                  without = judge(base, fresh, knowing({}, {}));
  EXPECT_DOUBLE_EQ(judged.work.estimate, without.work.estimate);
  EXPECT_DOUBLE_EQ(judged.work.half_width, without.work.half_width);
  EXPECT_DOUBLE_EQ(judge_pairs(base, fresh, kKnown).work.drift.half_width,
                   judge_pairs(base, fresh, knowing({}, {})).work.drift.half_width);
}

TEST(Covariates, OfAnotherGpuAreNotKnown) {
  std::mt19937_64 random(6);
  const auto base = arm(0, 55, random);
  auto elsewhere = arm(0, 70, random);
  for (Observation& one : elsewhere)
    one.device = "GPU-b";
  Rules known = kKnown, unknown = knowing({}, {});
  known.noise.devices.sd = unknown.noise.devices.sd = 0.001;
  known.noise.devices.df = unknown.noise.devices.df = 5;
  const Judgement judged = judge(base, elsewhere, known), without = judge(base, elsewhere, unknown);
  EXPECT_DOUBLE_EQ(judged.work.estimate, without.work.estimate);
  EXPECT_DOUBLE_EQ(judged.work.half_width, without.work.half_width);
}

TEST(Covariates, FarFromTheClockDegreesAreNoRegression) {
  std::mt19937_64 random(7);
  const auto base = arm(0, 50, random), far = arm(0.02, 90, random);
  const Interval wall{40 * kPerDegree, 0.001};
  const Covariates none, known = judge(base, far, kKnown).covariates;
  EXPECT_DOUBLE_EQ(less_temperature(wall, none, 40).estimate, wall.estimate);
  EXPECT_NEAR(less_temperature(wall, known, 40).estimate, 0, 1e-12);
  EXPECT_GT(less_temperature(wall, known, 40).half_width, wall.half_width + 3 * 2e-5 * 40);
}

TEST(Covariates, TheClocksWidensTheBoundOfExtrapolation) {
  std::mt19937_64 random(8);
  const auto base = arm(0, 60, random), faster = arm(0.02, 60, random);
  const auto half_width = [&](double slope) {
    return judge(base, faster, knowing({slope, 0, 1e9}, {})).work.half_width;
  };
  EXPECT_GT(half_width(0.2), half_width(0.1) + 0.1 * 0.013); // the clocks are about 0.02 apart
}

/// Slopes and noise as they are estimated, arms five degrees apart.
TEST(Covariates, TheIntervalHoldsWhatItPromises) {
  constexpr int kRuns = 4000;
  constexpr double kDf = 40, kSlopeSd = 2e-5;
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  std::chi_squared_distribution<double> chi_squared(kDf);
  const double mean_sd = std::hypot(0.0002, 0.0004 / std::sqrt(20)); // of 20 samples
  int covered = 0, alarms = 0;
  for (int run = 0; run < kRuns; ++run) {
    const double scale = std::sqrt(chi_squared(random) / kDf);
    Rules rules = knowing({}, {kPerDegree + kSlopeSd * normal(random), kSlopeSd * scale, kDf});
    rules.noise.covariates.replicate_sd = mean_sd * scale;
    rules.noise.covariates.replicate_df = kDf;
    const auto base = arm(0, 60, random, 0);
    const auto fresh = arm(0.003 * normal(random), 60 + 5 * normal(random), random, 0);
    const Judgement judged = judge(base, fresh, rules);
    covered += std::abs(judged.work.estimate) <= judged.work.half_width ? 1 : 0;
    alarms += judged.verdict == Verdict::regression || judged.verdict == Verdict::improvement;
  }
  std::cout << "covered " << covered / 4000.0 << ", alarms " << alarms / 4000.0 << '\n';
  EXPECT_GE(covered, 0.985 * kRuns);
  EXPECT_LE(covered, 0.997 * kRuns);
  EXPECT_LE(alarms, 0.001 * kRuns);
}

TEST(Covariates, OneAloneWillDo) {
  std::mt19937_64 random(5);
  const auto base = arm(0, 60, random), faster = arm(0.01, 60, random);
  const double by_clock = judge(base, faster, knowing({kClock, 0.001, 40}, {})).work.estimate;
  const double without = judge(base, faster, knowing({}, {})).work.estimate;
  const double gap = 0.01; // of the clocks, give or take what processes differ by
  EXPECT_NEAR(without - by_clock, kClock * gap, kClock * 0.006);
}

/// Launches of microseconds: the clock stands still in a process, and processes follow it with -1.
TEST(Covariates, WithoutALineTheClocksIsTheWholeSlope) {
  std::mt19937_64 random(10);
  const auto kernel = [&](double clock) {
    std::vector<Observation> all = fake_arm(
        {.clock = clock, .replicate_sd = 0.0002, .sample_clock_sd = 1e-6, .slope = 0}, random);
    for (Observation& one : all)
      for (double& t : one.log_t)
        t -= mean_log_clock(one) - std::log(1.6e9);
    return all;
  };
  const auto base = kernel(0), faster = kernel(0.008);
  Rules rules = knowing({-1, 0.03, 20}, {});
  rules.along_loops = false;
  const Judgement judged = judge(base, faster, rules);
  EXPECT_EQ(judged.verdict, Verdict::pass) << judged.reason;
  EXPECT_NEAR(judged.work.estimate, 0, 0.0005);
  EXPECT_NEAR(judged.clock, -0.008, 0.0005);
  EXPECT_EQ(judged.slope, std::nullopt);
  EXPECT_TRUE(judged.adjusted());
  EXPECT_NEAR(*slope_between_processes(judged.slope, judged.covariates), -1, 1e-12);
  EXPECT_GT(judged.work.half_width, three_sigma(20) * 0.03 * 0.008 / 3) << "the slope's error";
  EXPECT_NEAR(judge_pairs(base, faster, rules).work.drift.estimate, 0, 0.0005);
  EXPECT_NEAR(judge_pairs(base, faster, rules).clock.drift.estimate, -0.008, 0.0005);

  rules.noise.covariates = {};
  EXPECT_NEAR(judge(base, faster, rules).work.estimate, -0.008, 0.001) << "judged raw";
  EXPECT_FALSE(judge(base, faster, rules).adjusted());
  EXPECT_GT(judge(base, faster, rules).work.half_width, 0.007) << "the clock may have done it";
  EXPECT_NE(judge(base, faster, rules).verdict, Verdict::improvement);
  EXPECT_GT(judge_pairs(base, faster, rules).work.drift.half_width, 0.007);
  rules = knowing({-1, 0.03, 20}, {});
  rules.adjust = false;
  EXPECT_NEAR(judge(base, faster, rules).work.estimate, -0.008, 0.001);
  rules = knowing({-1, 0.03, 20}, {});
  rules.along_loops = false;
  const Judgement far = judge(base, kernel(0.06), rules);
  EXPECT_EQ(far.verdict, Verdict::inconclusive);
  EXPECT_NE(far.reason.find("the clocks differ"), std::string::npos) << far.reason;
}

TEST(SlopeBetweenProcesses, IsTheLinesAndTheClocks) {
  std::mt19937_64 random(1);
  const auto replicates = arm(0, 60, random);
  const NoisePrior prior{.covariates = {.clock = {0.13, 0.02, 38}, .replicate_df = 37}};
  Replicates all;
  for (const Observation& replicate : replicates)
    all.push_back(&replicate);
  const Covariates covariates(prior, all, all);
  EXPECT_NEAR(*slope_between_processes(-0.9, covariates), -0.77, 1e-12);
  EXPECT_EQ(slope_between_processes(std::nullopt, {}), std::nullopt);
  EXPECT_EQ(slope_between_processes(-0.1, covariates), 0) << "time never rises with the clock";
}

} // namespace
} // namespace bench::stats
