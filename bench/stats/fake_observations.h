#pragma once

#include <bench/stats/judge.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace bench::stats {

/// A made-up arm: what its GPU, its replicates and its clock do.
struct FakeArm {
  int replicates = 3;
  double drift = 0; ///< of log time
  double clock = 0; ///< of log clock
  double replicate_sd = 0.0003;
  double replicate_clock_sd = 0.003;
  double sample_clock_sd = 0.006;
  double slope = -0.8;
  double sample_sd = 0.0004;
  int groups = 2;
  int samples_per_group = 10;
  std::string device = "GPU-a";
};

inline std::vector<Observation> fake_arm(const FakeArm& arm, std::mt19937_64& random) {
  const auto noise = [&](double deviation) {
    return deviation > 0 ? std::normal_distribution<double>(0, deviation)(random) : 0.0;
  };
  const double reference = std::log(1.6e9);
  std::vector<Observation> observations;
  for (int i = 0; i < arm.replicates; ++i) {
    Observation one{.device = arm.device, .log_t = {}, .log_f = {}, .group = {}, .log_anchor = {}};
    const double level = std::log(0.11) + arm.drift + noise(arm.replicate_sd);
    const double clock = arm.clock + noise(arm.replicate_clock_sd);
    for (int group = 0; group < arm.groups; ++group) {
      for (int sample = 0; sample < arm.samples_per_group; ++sample) {
        const double f = clock + noise(arm.sample_clock_sd);
        one.log_f.push_back(reference + f);
        one.log_t.push_back(level + arm.slope * f + noise(arm.sample_sd));
        one.group.push_back(group);
      }
    }
    observations.push_back(std::move(one));
  }
  return observations;
}

} // namespace bench::stats
