#include <bench/base/error.h>
#include <bench/compare/rates.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Result;

/// `per_device` processes on each of three GPUs whose level, process noise and arms are known; the
/// clock wanders and differs from process to process, time follows it with slope -0.8.
Result data(double sd, int per_device) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  const std::vector<std::pair<std::string, double>> arms{
      {"l", 0}, {"l#none", 0}, {"l#spin=0.3%", std::log1p(0.003)}};
  std::vector<CaseResult> cases;
  for (const auto& [id, drift] : arms) {
    CaseResult c = results::fake_case(id, 0.1);
    c.replicates.clear();
    for (int device = 0; device < 3; ++device) {
      for (int i = 0; i < per_device; ++i) {
        const double process_clock = 0.004 * normal(random), level = sd * normal(random);
        results::Replicate r =
            results::fake_replicate(100 + i, 0.1, 18, "GPU-" + std::to_string(device) + "-x");
        for (std::size_t s = 0; s < r.samples.t_s.size(); ++s) {
          const double f = process_clock + 0.005 * normal(random);
          r.samples.f_hz[s] = 1.5e9 * std::exp(f);
          r.samples.t_s[s] =
              0.1 * std::exp(0.003 * device + drift + level - 0.8 * f + 0.0002 * normal(random));
        }
        c.replicates.push_back(std::move(r));
      }
    }
    cases.push_back(std::move(c));
  }
  return results::fake_result(std::move(cases));
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
  EXPECT_LT(rates.half_width, 0.0008);
  EXPECT_LT(rates.worst_error, 0.0008);
  EXPECT_GT(rates.rules[3].arms[1].inconclusive, 0.5); // raw: 0.3 % of clock noise
  EXPECT_GT(rates.rules[4].arms[0].regression + rates.rules[4].arms[0].improvement,
            0.2);                                  // Mann-Whitney cries wolf
  EXPECT_EQ(rates.rules[5].arms[1].regression, 0); // Criterion sees nothing
}

TEST(Rates, AreTheSameForASeed) {
  const Result all = data(0.0002, 6);
  const Rates one = judge_rates(all, "l", kArms, {}, 3, 5),
              two = judge_rates(all, "l", kArms, {}, 3, 5);
  EXPECT_EQ(one.half_width, two.half_width);
  EXPECT_NE(one.half_width, judge_rates(all, "l", kArms, {}, 3, 5, 2).half_width);
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
