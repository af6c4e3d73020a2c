#include <bench/stats/fake_observations.h>
#include <bench/stats/judge.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>
#include <span>

/// Does the interval hold what it promises? README.md quotes what these tests print.
namespace bench::stats {
namespace {

constexpr int kRuns = 4000;
constexpr double kReplicateSd = 0.0003;
/// Of a replicate's adjusted mean: with its share of the noise of 16 samples of 0.0004.
const double kMeanSd = std::hypot(kReplicateSd, 0.0004 / 4);
constexpr double kPriorDf = 20;

enum class Prior { none, exact, estimated };

/// `estimated`: as if kPriorDf differences of such replicates had been seen.
NoisePrior prior(Prior kind, std::mt19937_64& random) {
  if (kind == Prior::none)
    return {};
  double variance = 1;
  if (kind == Prior::estimated)
    variance = std::chi_squared_distribution<double>(kPriorDf)(random) / kPriorDf;
  return {.replicate_sd = kMeanSd * std::sqrt(variance), .replicate_df = kPriorDf};
}

struct Shares {
  double covered = 0;
  double regression = 0;
  double improvement = 0;
  double inconclusive = 0;
  double half_width = 0; ///< mean
};

/// `noise`: how many times as far apart as the prior knows the replicates really are.
Shares simulate(int replicates, double drift, Prior kind, double noise = 1) {
  constexpr int runs = kRuns;
  std::mt19937_64 random(20240 + static_cast<unsigned>(replicates));
  Shares shares;
  for (int run = 0; run < runs; ++run) {
    const FakeArm arm{
        .replicates = replicates, .replicate_sd = kReplicateSd * noise, .samples_per_group = 8};
    FakeArm changed = arm;
    changed.drift = drift;
    changed.clock = std::normal_distribution<double>(0, 0.004)(random);
    const Rules rules{.noise = prior(kind, random)};
    const auto base = fake_arm(arm, random);
    const auto fresh = fake_arm(changed, random);
    const Judgement judgement = judge(base, fresh, rules);
    const double share = 1.0 / runs;
    const Interval& work = judgement.work;
    shares.covered += std::abs(work.estimate - drift) <= work.half_width ? share : 0;
    shares.regression += judgement.verdict == Verdict::regression ? share : 0;
    shares.improvement += judgement.verdict == Verdict::improvement ? share : 0;
    shares.inconclusive += judgement.verdict == Verdict::inconclusive ? share : 0;
    shares.half_width += work.half_width * share;
  }
  std::cout << replicates << " v " << replicates << ", drift " << drift << ", prior "
            << static_cast<int>(kind) << ", noise x" << noise << ": covered " << shares.covered
            << ", regression " << shares.regression << ", improvement " << shares.improvement
            << ", inconclusive " << shares.inconclusive << ", half width " << shares.half_width
            << '\n';
  return shares;
}

class Coverage : public testing::TestWithParam<int> {};

TEST_P(Coverage, WithoutPrior) {
  const double covered = simulate(GetParam(), 0.001, Prior::none).covered;
  EXPECT_GE(covered, 0.985);
  EXPECT_LE(covered, 0.997);
}

TEST_P(Coverage, WithPrior) {
  const double covered = simulate(GetParam(), 0.001, Prior::estimated).covered;
  EXPECT_GE(covered, 0.985);
  EXPECT_LE(covered, 0.997);
}

INSTANTIATE_TEST_SUITE_P(Replicates, Coverage, testing::Values(3, 6, 10));

TEST(Simulation, FalseAlarmsAreRare) {
  for (const Prior kind : {Prior::none, Prior::exact, Prior::estimated}) {
    const Shares shares = simulate(3, 0, kind);
    EXPECT_LE(shares.regression + shares.improvement, 0.001);
  }
}

TEST(Simulation, FalseAlarmsAreRareOnAMachineNoisierThanThePrior) {
  for (const int replicates : {3, 6}) {
    for (const double noise : {1.5, 2.0, 3.0, 5.0}) {
      const Shares shares = simulate(replicates, 0, Prior::estimated, noise);
      EXPECT_LE(shares.regression + shares.improvement, 0.01) << replicates << ", x" << noise;
    }
  }
}

/// Shares of whole runs as `bench run` makes them: judged after three replicates, and again when as
/// many as are said to be needed are there, after 6, 10 and 20 at the latest.
Shares simulate_looks(double drift, double noise) {
  std::mt19937_64 random(20962);
  constexpr int kMostReplicates = 20, runs = kRuns;
  Shares shares;
  int most = 0;
  for (int run = 0; run < runs; ++run) {
    const FakeArm arm{.replicates = 3, .replicate_sd = kReplicateSd * noise};
    FakeArm changed = arm;
    changed.replicates = kMostReplicates;
    changed.drift = drift;
    changed.clock = std::normal_distribution<double>(0, 0.004)(random);
    const Rules rules{.noise = prior(Prior::estimated, random)};
    const auto base = fake_arm(arm, random);
    const auto all = fake_arm(changed, random);
    int count = 3;
    Judgement judgement;
    for (const int look : {6, 10, kMostReplicates, 0}) {
      judgement = judge(base, std::span(all).first(static_cast<std::size_t>(count)), rules);
      if (judgement.verdict != Verdict::inconclusive || !judgement.replicates_needed || look == 0)
        break;
      count = std::clamp(*judgement.replicates_needed, count + 1, look);
    }
    most = std::max(most, count);
    shares.regression += judgement.verdict == Verdict::regression ? 1.0 / runs : 0;
    shares.improvement += judgement.verdict == Verdict::improvement ? 1.0 / runs : 0;
    shares.inconclusive += judgement.verdict == Verdict::inconclusive ? 1.0 / runs : 0;
  }
  std::cout << "all looks, drift " << drift << ", noise x" << noise << ": regression "
            << shares.regression << ", improvement " << shares.improvement << ", inconclusive "
            << shares.inconclusive << ", replicates at most " << most << '\n';
  return shares;
}

TEST(Simulation, FalseAlarmsAreRareOverAllLooksOfARun) {
  for (const double noise : {1.0, 1.5, 2.0, 3.0, 5.0}) {
    const Shares same = simulate_looks(0, noise);
    EXPECT_LE(same.regression + same.improvement, 0.0125) << "x" << noise;
  }
}

TEST(Simulation, ARunFindsThreeTenthsOfAPercentInOneOfItsLooks) {
  EXPECT_GE(simulate_looks(std::log1p(0.003), 1.0).regression, 0.995);
  EXPECT_GE(simulate_looks(std::log1p(0.003), 1.5).regression, 0.94);
  EXPECT_GE(simulate_looks(std::log1p(0.003), 2.0).regression, 0.7);
}

TEST(Simulation, HalfTheGateIsSeldomCalledARegressionOverAllLooksOfARun) {
  const double drift = std::log1p(0.001);
  EXPECT_LE(simulate_looks(drift, 1.0).regression, 0.001);
  EXPECT_LE(simulate_looks(drift, 1.5).regression, 0.005);
  // Where processes are further apart than the prior knows, later looks are not free.
  for (const double noise : {2.0, 3.0, 5.0})
    EXPECT_LE(simulate_looks(drift, noise).regression, 0.04) << "x" << noise;
}

TEST(Simulation, FindsThreeTenthsOfAPercent) {
  EXPECT_GE(simulate(3, std::log1p(0.003), Prior::exact).regression, 0.99);
  EXPECT_GE(simulate(3, std::log1p(0.003), Prior::estimated).regression, 0.99);
  EXPECT_GE(simulate(3, std::log1p(-0.003), Prior::exact).improvement, 0.99);
}

TEST(Simulation, SameNumbersGiveTheSameJudgement) {
  std::mt19937_64 random(11);
  const auto base = fake_arm({}, random);
  const auto fresh = fake_arm({}, random);
  const Judgement once = judge(base, fresh, {});
  const Judgement again = judge(base, fresh, {});
  EXPECT_EQ(once.work.estimate, again.work.estimate);
  EXPECT_EQ(once.work.half_width, again.work.half_width);
  EXPECT_EQ(once.reason, again.reason);
}

} // namespace
} // namespace bench::stats
