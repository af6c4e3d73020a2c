#pragma once

#include <bench/stats/contrast.h>
#include <bench/stats/noise_prior.h>
#include <bench/stats/observation.h>
#include <bench/stats/variance.h>

namespace bench::stats {

/// What the log times of two arms on one GPU follow beyond the line within loops, if that is used,
/// as far as a prior knows it.
class Covariates {
 public:
  Covariates() = default; ///< none
  /// The prior's are used where every replicate knows what they are of.
  Covariates(const NoisePrior& prior, const Replicates& base, const Replicates& fresh);

  /// In a replicate's mean log time, as far as it knows its clock and temperature; 0 at the base's
  /// means.
  double share(const Observation& replicate) const;

  /// How far off the line within loops the clock's covariate leads, per unit of log clock.
  double off_the_line() const;

  /// What is known of a replicate's noise: without what they explain, where they are used.
  Variance noise(const NoisePrior& prior) const;

  bool used() const { return used_; }
  /// Of log time on the mean log clock, on top of the slope within loops; zeros where it is not
  /// used.
  const Covariate& clock_slope() const { return clock_; }
  /// Of log time per degree Celsius; zeros where it is not used.
  const Covariate& temperature_slope() const { return temperature_; }

 private:
  bool used_ = false;
  Covariate clock_;
  Covariate temperature_;
  double base_log_clock_ = 0;
  double base_temperature_c_ = 0;
};

} // namespace bench::stats
