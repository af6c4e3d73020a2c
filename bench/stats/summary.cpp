#include <bench/stats/summary.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace bench::stats {
namespace {

/// 1 / (75 % quantile of the standard normal distribution).
constexpr double kNormalDeviationPerMad = 1.4826022185056018;

void demand(bool holds, const char* fault) {
  if (!holds)
    throw std::invalid_argument(fault);
}

void check(std::span<const double> values, std::size_t least = 1) {
  demand(!values.empty(), "no values");
  demand(values.size() >= least, "the spread of a single value is not defined");
  demand(std::ranges::all_of(values, [](double value) { return std::isfinite(value); }),
         "a value is not finite");
}

double relative(double spread, double centre) {
  demand(centre != 0, "a spread relative to 0 is not defined");
  return spread / std::abs(centre);
}

} // namespace

double mean(std::span<const double> values) {
  check(values);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double median(std::span<const double> values) {
  return quantile(values, 0.5);
}

double quantile(std::span<const double> values, double p) {
  check(values);
  demand(p >= 0 && p <= 1, "p of a quantile must be in 0..1");
  std::vector<double> partly_sorted(values.begin(), values.end());
  const double position = p * static_cast<double>(values.size() - 1);
  const auto lower = partly_sorted.begin() + static_cast<std::ptrdiff_t>(position);
  std::ranges::nth_element(partly_sorted, lower);
  const auto upper =
      lower + 1 == partly_sorted.end() ? lower : std::min_element(lower + 1, partly_sorted.end());
  return std::lerp(*lower, *upper, position - std::floor(position));
}

double standard_deviation(std::span<const double> values) {
  check(values, 2);
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values)
    squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double coefficient_of_variation(std::span<const double> values) {
  return relative(standard_deviation(values), mean(values));
}

double robust_variation(std::span<const double> values) {
  check(values, 2);
  const double centre = median(values);
  std::vector<double> deviations;
  deviations.reserve(values.size());
  for (const double value : values)
    deviations.push_back(std::abs(value - centre));
  return relative(kNormalDeviationPerMad * median(deviations), centre);
}

} // namespace bench::stats
