#include <bench/compare/arms.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

/// Kernels as they were seen on H200s: places that differ by per cents, processes and places that
/// scatter, now and then a place that takes a tenth more. How often the interval holds the drift.
namespace bench::compare {
namespace {

constexpr int kComparisons = 2000;
constexpr double kProcess = 0.002, kPlace = 0.003; // standard deviations of log time
constexpr double kToggle = 0.1, kToggles = 0.1;    // by so much, with that probability

/// Of a process's median over places, as baselines/noise/replicates.py finds it.
constexpr double kKnown = 0.0024;

using Pattern = std::vector<double>; ///< log time at each place

class Kernels {
 public:
  results::CaseResult measure(int replicates, const Pattern& pattern) {
    results::CaseResult c = results::fake_case("zimage/rms_norm/32x3840.bf16/fused", 1);
    c.kind = "kernel";
    c.replicates.resize(static_cast<std::size_t>(replicates), c.replicates[0]);
    for (results::Replicate& replicate : c.replicates) {
      replicate.samples = {};
      const double process = kProcess * normal_(random_);
      for (std::size_t place = 0; place < pattern.size(); ++place) {
        const double toggle = uniform_(random_) < kToggles ? kToggle : 0;
        const double log_t = pattern[place] + process + kPlace * normal_(random_) + toggle;
        for (int region = 0; region < 2; ++region) {
          replicate.samples.start_s.push_back(0);
          replicate.samples.t_s.push_back(1e-6 * std::exp(log_t));
          replicate.samples.f_hz.push_back(1.98e9);
          replicate.samples.loop.push_back(static_cast<std::int32_t>(place));
          replicate.samples.step.push_back(region);
        }
      }
    }
    return c;
  }

  Pattern pattern() {
    Pattern result(8);
    for (double& log_t : result)
      log_t = 0.05 * normal_(random_);
    return result;
  }

 private:
  std::mt19937_64 random_{20962};
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

struct Rates {
  double missed = 0;     ///< of intervals, that don't hold the drift
  double half_width = 0; ///< mean
  double off = 0;        ///< mean of estimate - drift
};

/// The second arm takes `drift` more, at places worth what they were, or drawn anew with the same
/// mean (without toggles, then, which the median over places leaves out and the mean does not).
Rates rates(int base_replicates, int fresh_replicates, double drift, bool new_pattern) {
  Kernels kernels;
  Rates result;
  const Copies none(results::fake_result({}));
  for (int i = 0; i < kComparisons; ++i) {
    const Pattern before = kernels.pattern();
    Pattern now = new_pattern ? kernels.pattern() : before;
    const double shift = (std::accumulate(before.begin(), before.end(), 0.0) -
                          std::accumulate(now.begin(), now.end(), 0.0)) /
                         8;
    for (double& log_t : now)
      log_t += drift + shift;
    const results::CaseResult base = kernels.measure(base_replicates, before),
                              fresh = kernels.measure(fresh_replicates, now);
    const Arms both = arms(base, none, fresh, none);
    const stats::Judgement judged =
        stats::judge(both.base.observations, both.fresh.observations,
                     {.gate = 0.01,
                      .noise = {.replicate_sd = kKnown, .replicate_df = 8},
                      .along_loops = false,
                      .bias = both.place_change});
    const double off = judged.work.estimate - drift;
    result.missed += std::abs(off) > judged.work.half_width ? 1.0 / kComparisons : 0;
    result.half_width += judged.work.half_width / kComparisons;
    result.off += off / kComparisons;
  }
  return result;
}

TEST(ArmsSimulation, IntervalsHoldTheDriftOfAllPlaces) {
  for (const auto& [base, fresh] : {std::pair{3, 3}, {12, 3}, {3, 10}}) {
    for (const double drift : {0.0, 0.02}) {
      const Rates r = rates(base, fresh, drift, false);
      EXPECT_LE(r.missed, 0.02) << base << " against " << fresh << ", drift " << drift;
      EXPECT_NEAR(r.off, 0, 3e-4) << base << " against " << fresh << ", drift " << drift;
      EXPECT_LE(r.half_width, 0.012) << base << " against " << fresh << ", drift " << drift;
    }
  }
}

TEST(ArmsSimulation, WherePlacesChangedTheyReachToTheMeanOverPlaces) {
  const Rates r = rates(3, 3, 0.02, true);
  EXPECT_LE(r.missed, 0.1) << "toggles are in the mean, and not in the median";
  EXPECT_NEAR(r.off, 0, 3e-3);
  EXPECT_GT(r.half_width, 0.015) << "it is said to be less known";
}

} // namespace
} // namespace bench::compare
