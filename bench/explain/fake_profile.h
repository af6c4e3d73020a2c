#pragma once

#include <bench/results/result.h>

#include <string>
#include <utility>
#include <vector>

/// Profiles whose parts tests know.
namespace bench::explain {

inline results::ProfiledKernel fake_kernel(std::string name, std::string operation,
                                           std::int64_t launches, double launch_s,
                                           std::int64_t grid = 100) {
  results::ProfiledKernel kernel;
  kernel.name = std::move(name);
  kernel.operation = std::move(operation);
  kernel.grid = {grid, 1, 1};
  kernel.block = {256, 1, 1};
  kernel.launches = launches;
  kernel.total_s = static_cast<double>(launches) * launch_s;
  kernel.median_s = launch_s;
  return kernel;
}

/// Its sample is what its kernels and gaps take.
inline results::KernelProfile fake_profile(std::vector<results::ProfiledKernel> kernels,
                                           double gaps_s = 1e-3, double f_hz = 1.5e9) {
  results::KernelProfile profile;
  profile.source = "CUPTI 13.0 activity";
  profile.samples = 4;
  profile.gaps_s = gaps_s;
  profile.f_hz = f_hz;
  profile.sample_s = gaps_s;
  for (const results::ProfiledKernel& kernel : kernels)
    profile.sample_s += kernel.total_s;
  profile.kernels = std::move(kernels);
  return profile;
}

} // namespace bench::explain
