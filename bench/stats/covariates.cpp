#include <bench/stats/covariates.h>
#include <bench/stats/summary.h>

#include <algorithm>
#include <cmath>

namespace bench::stats {

Covariates::Covariates(const NoisePrior& prior, const Replicates& base, const Replicates& fresh) {
  const CovariatePrior& known = prior.covariates;
  const auto knows = [&](const Observation* replicate) {
    return (known.clock.df <= 0 || !replicate->log_f.empty()) &&
           (known.temperature.df <= 0 || replicate->temperature_c.has_value());
  };
  used_ = known.known() && std::ranges::all_of(base, knows) && std::ranges::all_of(fresh, knows);
  if (!used_)
    return;
  clock_ = known.clock;
  temperature_ = known.temperature;
  if (clock_.df > 0)
    base_log_clock_ = contrast(base, fresh, mean_log_clock).base;
  base_temperature_c_ = contrast(base, fresh, temperature).base;
}

double Covariates::share(const Observation& replicate) const {
  double sum = 0;
  if (clock_.df > 0)
    sum += clock_.slope * (mean_log_clock(replicate) - base_log_clock_);
  if (temperature_.df > 0 && replicate.temperature_c)
    sum += temperature_.slope * (temperature(replicate) - base_temperature_c_);
  return sum;
}

double Covariates::off_the_line() const {
  return std::abs(clock_.slope);
}

Variance Covariates::noise(const NoisePrior& prior) const {
  return used_ ? Variance{square(prior.covariates.replicate_sd), prior.covariates.replicate_df}
               : Variance{square(prior.replicate_sd), prior.replicate_df};
}

} // namespace bench::stats
