#include <bench/base/error.h>
#include <bench/compare/fake_data_set.h>
#include <bench/compare/rates.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::compare {
namespace {

/// Processes that differ by `sd`, judged with arms of no drift and of +0.3 %.
results::Result data(double sd, int per_device) {
  return fake_data_set(sd, per_device, {{"l"}, {"l#none"}, {"l#spin=0.3%", std::log1p(0.003)}});
}

const std::vector<KnownArm> kArms{{"l#none", 0}, {"l#spin=0.3%", std::log1p(0.003)}};

TEST(Rates, QuietProcessesAreJudgedRightAndRawOnesNot) {
  const Rates rates = judge_rates(data(0.0002, 10), "l", kArms, {}, 3, 50);
  EXPECT_EQ(rates.comparisons, 3); // 10 / 6 on each GPU
  ASSERT_EQ(rates.rules.size(), 9u);
  const RuleRates& bench = rates.rules[0];
  EXPECT_EQ(bench.rule, "bench, prior of other GPUs");
  EXPECT_EQ(bench.arms[0].regression + bench.arms[0].improvement, 0);
  EXPECT_GE(bench.arms[1].regression, 0.98);
  EXPECT_EQ(bench.counts.at(0).regression + bench.counts[0].improvement, 0);
  EXPECT_EQ(bench.counts.at(1).regression, 3);
  EXPECT_LT(rates.half_width, 0.0008);
  EXPECT_LT(rates.worst_error, 0.0008);
  EXPECT_GT(rates.rules[3].arms[1].inconclusive, 0.5); // raw: 0.3 % of clock noise
  EXPECT_GT(rates.rules[4].arms[0].regression + rates.rules[4].arms[0].improvement,
            0.2);                                  // Mann-Whitney cries wolf
  EXPECT_EQ(rates.rules[5].arms[1].regression, 0); // Criterion sees nothing
}

TEST(Rates, AreTheSameForASeed) {
  const results::Result all = data(0.0002, 6);
  const Rates one = judge_rates(all, "l", kArms, {}, 3, 5),
              two = judge_rates(all, "l", kArms, {}, 3, 5);
  EXPECT_EQ(one.half_width, two.half_width);
  EXPECT_NE(one.half_width, judge_rates(all, "l", kArms, {}, 3, 5, 2).half_width);
}

TEST(Rates, CountsAreOfOneDealInTheOrderOfTheData) {
  results::Result all = data(0.0002, 4);
  for (results::CaseResult& c : all.cases) {
    for (std::size_t i = 0; i < c.replicates.size(); ++i) {
      results::Replicate& r = c.replicates[i];
      r.process = 1000 - r.process; // ids come in any order
      if (c.id == "l#none" && i % 4 == 1)
        for (double& t_s : r.samples.t_s)
          t_s *= 1.05; // the second process of each GPU: new in the first comparison of two
    }
  }
  const Rates rates = judge_rates(all, "l", kArms, {}, 1, 50);
  EXPECT_EQ(rates.comparisons, 6);
  const RuleRates& medians = rates.rules[7];
  EXPECT_EQ(medians.rule, "medians +-2 %");
  EXPECT_EQ(medians.counts.at(0).regression, 3);
  EXPECT_EQ(medians.counts[0].improvement, 0);
  EXPECT_EQ(medians.counts.at(1).regression, 0);
  EXPECT_NEAR(medians.arms[0].regression, 0.25, 0.1) << "in half of the deals it is no new one";
  const Rates again = judge_rates(all, "l", kArms, {}, 1, 50, 2);
  EXPECT_EQ(again.rules[7].counts[0].regression, 3);
  EXPECT_NE(again.rules[7].arms[0].regression, medians.arms[0].regression);
}

TEST(Rates, KernelsAreJudgedWithoutALineWithinLoops) {
  results::Result all = data(0.0002, 10);
  for (results::CaseResult& c : all.cases) {
    c.kind = "kernel";
    for (results::Replicate& r : c.replicates)
      for (std::size_t i = 0; i < r.samples.t_s.size(); ++i) { // as a kernel's, whose clock stands
        r.samples.t_s[i] *= std::pow(r.samples.f_hz[i] / 1.5e9, 0.8);
        r.samples.f_hz[i] = 1.98e9;
      }
  }
  const Rates rates = judge_rates(all, "l", kArms, {}, 3, 50);
  EXPECT_EQ(rates.rules[0].arms[0].regression + rates.rules[0].arms[0].improvement, 0);
  EXPECT_GE(rates.rules[0].arms[1].regression, 0.98);
  const DataNoise noise = data_noise(all, "l");
  EXPECT_EQ(noise.adjusted_sd, noise.raw_sd);
}

TEST(Rates, NoiseOfTheData) {
  const DataNoise noise = data_noise(data(0.0002, 30), "l");
  EXPECT_EQ(noise.processes, 90);
  EXPECT_EQ(noise.devices, 3);
  EXPECT_EQ(noise.df, 87);
  EXPECT_NEAR(noise.adjusted_sd, 0.0002, 0.00006);
  EXPECT_NEAR(noise.raw_sd, 0.8 * 0.004, 0.001);
  EXPECT_NEAR(noise.sample_s, 1.8, 0.05);
}

TEST(Rates, TooFewProcessesAreRefused) {
  EXPECT_THROW(judge_rates(data(0.0002, 5), "l", kArms, {}, 3, 5), UsageError);
  EXPECT_THROW(data_noise(data(0.0002, 1), "l"), UsageError);
  EXPECT_THROW(judge_rates(data(0.0002, 6), "l", {{"l#spin=9%", 0}}, {}, 3, 5), UsageError);
}

} // namespace
} // namespace bench::compare
