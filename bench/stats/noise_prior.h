#pragma once

namespace bench::stats {

/// How the log times of processes follow what they differ in. df 0: not at all, or not known.
struct Covariate {
  double slope = 0;
  double slope_sd = 0; ///< its standard error
  double df = 0;

  bool operator==(const Covariate&) const = default;
};

/// What the processes of a case follow beyond the line within loops, and the noise that is left
/// without it, as NoisePrior has it.
struct CovariatePrior {
  Covariate clock{};       ///< of mean log clocks, on top of the slope within loops (kernels: of 0)
  Covariate temperature{}; ///< of degrees Celsius
  double replicate_sd = 0;
  double replicate_df = 0;

  bool known() const { return clock.df > 0 || temperature.df > 0; }
};

/// How far GPUs differ.
struct DeviceNoise {
  double sd = 0;
  double df = 0;
  double alike_sd = 0; ///< of those whose copies take the same time
  double alike_df = 0; ///< 0: these are hardly more alike than others, or it is not known
};

/// What committed A/A samples say about the noise of a case or of its regime ("graph loop",
/// "kernel", ...). Standard deviations of log time at one clock; df: how many independent
/// differences each rests on (0: nothing is known, sd is not used).
struct NoisePrior {
  double replicate_sd = 0; ///< between processes on one GPU
  double replicate_df = 0;
  DeviceNoise devices{};
  /// How far off work may be per unit of log clock between arms on one GPU: a bound, not chance.
  double extrapolation = 0;
  double device_extrapolation = 0; ///< the same between GPUs
  CovariatePrior covariates{};
};

} // namespace bench::stats
