#include <bench/stats/covariates.h>
#include <bench/stats/summary.h>

#include <algorithm>

namespace bench::stats {
Covariates::Covariates(const NoisePrior& prior, bool has_line,
                       std::span<const Observation* const> base,
                       std::span<const Observation* const> fresh) {
  const auto knows = [](const Observation* replicate) {
    return replicate->temperature_c.has_value();
  };
  const bool by_clock = prior.clock.df > 0, by_temperature = prior.temperature.df > 0;
  if (!by_clock && !by_temperature)
    return;
  fits_ = has_line && (!by_temperature ||
                       (std::ranges::all_of(base, knows) && std::ranges::all_of(fresh, knows)));
  if (!fits_)
    return;
  clock_ = prior.clock;
  temperature_ = prior.temperature;
  for (const Observation* replicate : base) {
    base_log_clock_ += mean_log_clock(*replicate) / static_cast<double>(base.size());
    base_temperature_c_ += temperature(*replicate) / static_cast<double>(base.size());
  }
}

double Covariates::share(const Observation& replicate) const {
  double sum = 0;
  if (clock_.df > 0 && !replicate.log_f.empty())
    sum += clock_.slope * (mean_log_clock(replicate) - base_log_clock_);
  if (temperature_.df > 0 && replicate.temperature_c)
    sum += temperature_.slope * (temperature(replicate) - base_temperature_c_);
  return sum;
}

std::vector<Variance> Covariates::errors(double log_clock, double temperature_c) const {
  std::vector<Variance> errors;
  if (clock_.df > 0)
    errors.push_back({square(clock_.slope_sd * log_clock), clock_.df});
  if (temperature_.df > 0)
    errors.push_back({square(temperature_.slope_sd * temperature_c), temperature_.df});
  return errors;
}

} // namespace bench::stats
