#include <bench/stats/observation.h>
#include <bench/stats/summary.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace bench::stats {
namespace {

void demand(bool holds, const char* fault) {
  if (!holds)
    throw std::invalid_argument(fault);
}

bool finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

} // namespace

void check(std::span<const Observation> arm) {
  demand(!arm.empty(), "no replicates");
  for (const Observation& replicate : arm) {
    const std::size_t samples = replicate.log_t.size();
    demand(samples > 0, "a replicate has no samples");
    demand(replicate.group.size() == samples, "groups and times differ in number");
    demand(replicate.log_f.empty() || replicate.log_f.size() == samples,
           "clocks and times differ in number");
    demand(finite(replicate.log_t) && finite(replicate.log_f) &&
               std::isfinite(replicate.log_anchor.value_or(0)) &&
               std::isfinite(replicate.log_energy.value_or(0)) &&
               std::isfinite(temperature(replicate)),
           "a value is not finite");
  }
}

bool have_clocks(std::span<const Observation* const> replicates) {
  return std::ranges::none_of(replicates,
                              [](const Observation* one) { return one->log_f.empty(); });
}

double mean_log_time(const Observation& replicate) {
  return mean(replicate.log_t);
}

double mean_log_clock(const Observation& replicate) {
  return mean(replicate.log_f);
}

double temperature(const Observation& replicate) {
  return replicate.temperature_c.value_or(0);
}

} // namespace bench::stats
