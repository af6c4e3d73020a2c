#pragma once

#include <bench/results/fake_results.h>

#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace bench::compare {

/// A case of a made-up data set.
struct FakeArm {
  std::string id;
  double drift = 0;        ///< of log time, at one clock
  double log_clock = 0;    ///< how much higher its clock is
  double off_the_line = 0; ///< by how much that moves log time beside the line
};

/// `per_device` processes on each of three GPUs, which differ by `sd` in log time. Their clock
/// wanders within loops and differs from process to process; time follows it with slope -0.8.
inline results::Result fake_data_set(double sd, int per_device, const std::vector<FakeArm>& arms) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::vector<results::CaseResult> cases;
  for (const FakeArm& arm : arms) {
    results::CaseResult c = results::fake_case(arm.id, 0.1);
    c.replicates.clear();
    for (int device = 0; device < 3; ++device) {
      for (int i = 0; i < per_device; ++i) {
        const double process_clock = arm.log_clock + 0.004 * normal(random);
        const double level = 0.003 * device + arm.drift + arm.off_the_line + sd * normal(random);
        results::Replicate r =
            results::fake_replicate(100 + i, 0.1, 18, "GPU-" + std::to_string(device) + "-x");
        for (std::size_t s = 0; s < r.samples.t_s.size(); ++s) {
          const double f = process_clock + 0.005 * normal(random);
          r.samples.f_hz[s] = 1.5e9 * std::exp(f);
          r.samples.t_s[s] = 0.1 * std::exp(level - 0.8 * f + 0.0002 * normal(random));
        }
        c.replicates.push_back(std::move(r));
      }
    }
    cases.push_back(std::move(c));
  }
  return results::fake_result(std::move(cases));
}

} // namespace bench::compare
