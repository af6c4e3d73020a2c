#include <bench/stats/spread.h>
#include <bench/stats/summary.h>

#include <cmath>

namespace bench::stats {

Spread spread_of(const Adjustment& adjustment, double clock_gap, double temperature_gap,
                 bool same_device, const Rules& rules) {
  Spread spread{.bias = rules.bias,
                .clock_gap = clock_gap,
                .bias_of_clocks = adjustment.bias(same_device ? rules.noise.extrapolation
                                                              : rules.noise.device_extrapolation)};
  if (adjustment.line)
    spread.of_clocks.push_back({adjustment.line->variance, adjustment.line->df});
  if (const Covariate& clock = adjustment.covariates.clock_slope(); clock.df > 0)
    spread.of_clocks.push_back({square(clock.slope_sd), clock.df});
  if (const Covariate& temperature = adjustment.covariates.temperature_slope(); temperature.df > 0)
    spread.others.push_back({square(temperature.slope_sd * temperature_gap), temperature.df});
  return spread;
}

double half_width(const Spread& spread, double confidence) {
  std::vector<Variance> terms = spread.others;
  for (const Variance& slope : spread.of_clocks)
    terms.push_back({slope.value * square(spread.clock_gap), slope.df});
  terms.push_back({spread.replicate.value * spread.share, spread.replicate.df});
  return half_width(terms, confidence) + spread.bias +
         spread.bias_of_clocks * std::abs(spread.clock_gap);
}

} // namespace bench::stats
