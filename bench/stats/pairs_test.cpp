#include <bench/stats/fake_observations.h>
#include <bench/stats/pairs.h>

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <limits>
#include <random>

namespace bench::stats {
namespace {

struct Arms {
  std::vector<Observation> base, fresh;
};

/// Pairs of exact observations: time `t` at clock `f` in pair i, both without noise but for a
/// wander of the clock that time follows with slope -0.8.
Observation exact(double log_t, double log_f) {
  Observation one{.device = "GPU-a", .log_t = {}, .log_f = {}, .group = {}, .log_anchor = {}};
  for (int i = 0; i < 12; ++i) {
    const double wander = 0.004 * ((i % 4) - 1.5);
    one.log_f.push_back(log_f + wander);
    one.log_t.push_back(log_t - 0.8 * (log_f + wander));
    one.group.push_back(i / 6);
  }
  return one;
}

/// `work` and the clock's drift in each pair.
Arms pairs_of(const std::vector<std::pair<double, double>>& drifts) {
  Arms arms;
  double level = 0; // pairs drift: the machine warms up
  for (const auto& [work, clock] : drifts) {
    level += 0.003;
    arms.base.push_back(exact(level, 21.0));
    arms.fresh.push_back(exact(level + work, 21.0 + clock));
  }
  return arms;
}

TEST(Pairs, WallIsWorkPlusClock) {
  const Arms arms = pairs_of({{0.0011, -0.010}, {0.0009, -0.012}, {0.0010, -0.011}});
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, {});
  ASSERT_TRUE(j.slope);
  EXPECT_NEAR(*j.slope, -0.8, 1e-9);
  EXPECT_NEAR(j.work.drift.estimate, 0.001, 1e-9);
  EXPECT_NEAR(j.clock.drift.estimate, 0.8 * 0.011, 1e-9);
  EXPECT_NEAR(j.wall.drift.estimate, j.work.drift.estimate + j.clock.drift.estimate, 1e-12);
  EXPECT_EQ(j.pairs, 3);
}

TEST(Pairs, DriftOfTheMachineBetweenPairsCancels) {
  // The level rises by 0.3 % from pair to pair: unpaired arms would be that wide.
  const Arms arms = pairs_of({{0, 0}, {0.0001, 0}, {-0.0001, 0}, {0, 0}, {0, 0}});
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, {});
  EXPECT_LT(j.work.drift.half_width, 0.0003);
  EXPECT_EQ(j.verdict, Verdict::pass);
  EXPECT_GT(judge(arms.base, arms.fresh, {}).work.half_width, 0.003);
}

TEST(Pairs, HalfWidthIsStudents) {
  const Arms arms = pairs_of({{0.0001, 0}, {0.0002, 0}, {0.0003, 0}});
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, {.adjust = false});
  EXPECT_FALSE(j.slope);
  // t(0.995, 2) = 9.925, sd 0.0001, 3 pairs
  EXPECT_NEAR(j.work.drift.half_width, 9.925 * 0.0001 / std::sqrt(3.0), 1e-7);
  EXPECT_EQ(j.wall.drift.half_width, j.work.drift.half_width);
  EXPECT_EQ(j.clock.drift.estimate, 0);
}

TEST(Pairs, ThePriorCountsTwiceAPair) {
  const Arms arms = pairs_of({{0.0001, 0}, {0.0002, 0}, {0.0003, 0}});
  const Rules rules{.noise = {.replicate_sd = 0.0002, .replicate_df = 30}, .adjust = false};
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, rules);
  const double variance = (2 * 1e-8 + 30 * 2 * 4e-8) / 32;
  EXPECT_NEAR(j.work.drift.half_width, 2.7385 * std::sqrt(variance / 3), 1e-7); // t(0.995, 32)
  EXPECT_GT(j.wall.drift.half_width, j.work.drift.half_width); // it is no prior of wall
}

TEST(Pairs, APowerBurnerIsSeenInWallThoughWorkPasses) {
  const Arms arms =
      pairs_of({{0, -0.0100}, {0.0001, -0.0101}, {0, -0.0099}, {-0.0001, -0.0100}, {0, -0.0100}});
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, {});
  EXPECT_EQ(j.work.verdict, Verdict::pass);
  EXPECT_EQ(j.wall.verdict, Verdict::regression);
  EXPECT_EQ(j.verdict, Verdict::regression);
  EXPECT_EQ(j.reason.substr(0, 24), "wall is slower by 0.80 %");
}

TEST(Pairs, AnAlarmSaysWhichQuantityRaisedIt) {
  const Arms slow = pairs_of({{0.005, 0}, {0.0051, 0}, {0.0049, 0}});
  EXPECT_EQ(judge_pairs(slow.base, slow.fresh, {}).reason.substr(0, 24),
            "work is slower by 0.50 %");
  EXPECT_EQ(judge_pairs(slow.fresh, slow.base, {}).reason.substr(0, 24),
            "work is faster by 0.50 %");
  const Arms halved = pairs_of({{-0.69, 0}, {-0.691, 0}, {-0.692, 0}});
  EXPECT_EQ(judge_pairs(halved.base, halved.fresh, {}).reason.substr(0, 25),
            "work is faster by 49.89 %");
}

TEST(Pairs, EnergyIsJudgedAtItsOwnGate) {
  Arms arms = pairs_of({{0, 0}, {0.0001, 0}, {-0.0001, 0}, {0, 0}});
  for (std::size_t i = 0; i < arms.base.size(); ++i) {
    arms.base[i].log_energy = std::log(67.8);
    arms.fresh[i].log_energy = std::log(67.8) + 0.03 + (i % 2 ? 0.001 : -0.001);
  }
  PairedJudgement j = judge_pairs(arms.base, arms.fresh, {});
  ASSERT_TRUE(j.energy);
  EXPECT_NEAR(j.energy->drift.estimate, 0.03, 1e-12);
  EXPECT_EQ(j.verdict, Verdict::regression);
  EXPECT_EQ(j.reason.substr(0, 30), "energy a step is more by 3.05 ");
  arms.fresh[2].log_energy.reset(); // NVML did not tell: then nothing of it is judged
  j = judge_pairs(arms.base, arms.fresh, {});
  EXPECT_FALSE(j.energy);
  EXPECT_EQ(j.verdict, Verdict::pass);
}

TEST(Pairs, ASlowWallThatIsNotDecidedKeepsTheCaseOpen) {
  const Arms arms = pairs_of({{0, -0.020}, {0.0001, 0.008}, {0, 0.001}});
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, {});
  EXPECT_EQ(j.work.verdict, Verdict::pass);
  EXPECT_EQ(j.wall.verdict, Verdict::inconclusive);
  EXPECT_EQ(j.verdict, Verdict::pass);
  EXPECT_TRUE(j.open);
}

TEST(Pairs, SetsAsideAPairWhoseCopiesDiffer) {
  Arms arms = pairs_of({{0, 0}, {-0.05, 0}, {0.0001, 0}, {-0.0001, 0}});
  for (std::size_t i = 0; i < arms.base.size(); ++i) {
    arms.base[i].log_anchor = -9 + 0.02 * (i == 0); // both processes of a pair in one mode are fine
    arms.fresh[i].log_anchor = *arms.base[i].log_anchor + 0.02 * (i == 1);
  }
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, {});
  EXPECT_EQ(j.set_aside, std::vector<std::size_t>{1});
  EXPECT_EQ(j.pairs, 3);
  EXPECT_EQ(j.verdict, Verdict::pass);
}

TEST(Pairs, NothingAlikeIsInconclusive) {
  Arms arms = pairs_of({{0, 0}});
  arms.base[0].log_anchor = 0;
  arms.fresh[0].log_anchor = 0.1;
  for (double& log_t : arms.fresh[0].log_t)
    log_t += 0.05;
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, {});
  EXPECT_EQ(j.verdict, Verdict::inconclusive);
  EXPECT_EQ(j.pairs, 0);
  EXPECT_NE(j.reason.find("memory copies"), std::string::npos);
  EXPECT_NEAR(j.wall.drift.estimate, 0.05, 1e-12) << "as it was timed";
  EXPECT_EQ(j.work.drift.estimate, j.wall.drift.estimate);
  EXPECT_TRUE(std::isinf(j.work.drift.half_width));
}

TEST(Pairs, ClocksTooFarApart) {
  const Arms arms = pairs_of({{0, 0.06}, {0, 0.06}, {0, 0.06}});
  const PairedJudgement j = judge_pairs(arms.base, arms.fresh, {});
  EXPECT_EQ(j.work.verdict, Verdict::inconclusive);
  EXPECT_EQ(j.verdict, Verdict::inconclusive); // wall is faster by 4.7 %, but the work is not known
  EXPECT_FALSE(j.open);                        // no number of pairs would tell
}

TEST(Pairs, ALargeDriftIsSureWhateverTheSlope) {
  // The faster kernel draws more power and lowers the clock by 7 %: work is at least what wall is.
  const Arms faster = pairs_of({{-0.330, -0.07}, {-0.331, -0.07}, {-0.329, -0.07}});
  const PairedJudgement gain = judge_pairs(faster.base, faster.fresh, {});
  EXPECT_NEAR(gain.wall.drift.estimate, -0.330 + 0.8 * 0.07, 1e-9);
  EXPECT_EQ(gain.work.verdict, Verdict::improvement);
  EXPECT_EQ(gain.verdict, Verdict::improvement);
  const Arms slower = pairs_of({{0.330, 0.07}, {0.331, 0.07}, {0.329, 0.07}});
  EXPECT_EQ(judge_pairs(slower.base, slower.fresh, {}).work.verdict, Verdict::regression);
  // Faster by less than the clock rose: at a slope of -1 it would be slower.
  const Arms unsure = pairs_of({{-0.010, 0.07}, {-0.011, 0.07}, {-0.009, 0.07}});
  EXPECT_EQ(judge_pairs(unsure.base, unsure.fresh, {}).work.verdict, Verdict::inconclusive);
  // One pair does not know how far its wall may be off.
  const Rules rules{.noise = {.replicate_sd = 0.001, .replicate_df = 20}};
  const Arms one = pairs_of({{-0.330, -0.07}});
  EXPECT_EQ(judge_pairs(one.base, one.fresh, rules).verdict, Verdict::inconclusive);
}

TEST(Pairs, OnePairWantsAPrior) {
  const Arms arms = pairs_of({{0.0001, 0}});
  const PairedJudgement blind = judge_pairs(arms.base, arms.fresh, {});
  EXPECT_EQ(blind.reason, "one pair and no noise prior");
  EXPECT_TRUE(blind.open); // another pair would do
  const Rules rules{.noise = {.replicate_sd = 0.0001, .replicate_df = 30}};
  EXPECT_EQ(judge_pairs(arms.base, arms.fresh, rules).verdict, Verdict::pass);
}

TEST(Pairs, RefusesWhatIsNoPair) {
  Arms arms = pairs_of({{0, 0}, {0, 0}});
  EXPECT_THROW(judge_pairs(std::span(arms.base).first(1), arms.fresh, {}), std::invalid_argument);
  arms.fresh[1].device = "GPU-b";
  EXPECT_THROW(judge_pairs(arms.base, arms.fresh, {}), std::invalid_argument);
  arms.fresh[1].log_energy = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(judge_pairs(arms.base, arms.fresh, {}), std::invalid_argument);
}

TEST(Pairs, ConfidenceOfALook) {
  EXPECT_DOUBLE_EQ(confidence_of_look(0.99, 1), 0.99);
  EXPECT_DOUBLE_EQ(confidence_of_look(0.99, 4), 0.9975);
  EXPECT_THROW(confidence_of_look(0.99, 0), std::invalid_argument);
  EXPECT_THROW(confidence_of_look(1, 4), std::invalid_argument);
}

/// With a budget that three pairs would leave too little of.
constexpr int kLooksWithinABudget[] = {2, 5, 10, 20};

/// One whole `bench ab`: looks until the case is closed.
PairedJudgement look_on(double sd, double drift, const NoisePrior& noise,
                        std::span<const int> looks, std::mt19937_64& random) {
  const FakeArm arm{.replicates = 20, .replicate_sd = sd, .samples_per_group = 8};
  FakeArm changed = arm;
  changed.drift = drift;
  const auto base = fake_arm(arm, random);
  const auto fresh = fake_arm(changed, random);
  const Rules rules{.confidence = confidence_of_look(0.99, static_cast<int>(looks.size())),
                    .noise = noise};
  PairedJudgement j;
  for (const int look : looks) {
    const auto pairs = static_cast<std::size_t>(look);
    j = judge_pairs(std::span(base).first(pairs), std::span(fresh).first(pairs), rules);
    if (!j.open)
      break;
  }
  return j;
}

struct Shares {
  double alarm = 0, regression = 0, inconclusive = 0, covered = 0, pairs = 0;
};

Shares simulate(double sd, double drift, const NoisePrior& noise, std::span<const int> looks) {
  constexpr int kRuns = 2000;
  std::mt19937_64 random(4711);
  Shares shares;
  for (int run = 0; run < kRuns; ++run) {
    const PairedJudgement j = look_on(sd, drift, noise, looks, random);
    const double share = 1.0 / kRuns;
    shares.regression += j.verdict == Verdict::regression ? share : 0;
    shares.alarm +=
        j.verdict == Verdict::regression || j.verdict == Verdict::improvement ? share : 0;
    shares.inconclusive += j.verdict == Verdict::inconclusive ? share : 0;
    const Interval& work = j.work.drift;
    shares.covered += std::abs(work.estimate - drift) <= work.half_width ? share : 0;
    shares.pairs += j.pairs * share;
  }
  std::cout << "pairs, first look " << looks[0] << ", sd " << sd << ", drift " << drift
            << ", prior df " << noise.replicate_df << ": alarms " << shares.alarm << ", regression "
            << shares.regression << ", inconclusive " << shares.inconclusive << ", covered "
            << shares.covered << ", pairs " << shares.pairs << '\n';
  return shares;
}

constexpr NoisePrior kPrior{.replicate_sd = 0.0003, .replicate_df = 32};

struct Looks {
  const char* name;
  std::span<const int> pairs;
  double covered_without_prior; ///< at least; two pairs alone say little of the noise
};

class PairsSimulation : public testing::TestWithParam<Looks> {
 protected:
  static Shares simulated(double sd, double drift, const NoisePrior& noise) {
    return simulate(sd, drift, noise, GetParam().pairs);
  }
};

TEST_P(PairsSimulation, TheWholeOfTheLooksRaisesFewFalseAlarms) {
  EXPECT_LE(simulated(0.0003, 0, kPrior).alarm, 0.01);
  EXPECT_LE(simulated(0.0003, 0, {}).alarm, 0.01);
  EXPECT_LE(simulated(0.002, 0, {}).alarm, 0.01);     // noise as wide as the gate
  EXPECT_LE(simulated(0.002, 0, kPrior).alarm, 0.01); // and a prior that knows nothing of it
}

TEST_P(PairsSimulation, TheIntervalHoldsAtWhicheverLookItEnds) {
  EXPECT_GE(simulated(0.0003, 0.001, kPrior).covered, 0.985);
  EXPECT_GE(simulated(0.0006, 0.001, {}).covered, GetParam().covered_without_prior);
}

TEST_P(PairsSimulation, FindsThreeTenthsOfAPercent) {
  EXPECT_GE(simulated(0.0003, std::log1p(0.003), kPrior).regression, 0.99);
}

INSTANTIATE_TEST_SUITE_P(Looks, PairsSimulation,
                         testing::Values(Looks{"FromThreePairsOn", kPairLooks, 0.985},
                                         Looks{"FromTwoPairsOn", kLooksWithinABudget, 0.975}),
                         [](const auto& test) { return test.param.name; });

} // namespace
} // namespace bench::stats
