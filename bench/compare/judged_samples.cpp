#include <bench/compare/judged_samples.h>
#include <bench/stats/summary.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>
#include <numbers>
#include <optional>
#include <utility>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Replicate;
using results::Samples;

/// A scatter that is beyond chance: medians of a few replicates now and then look as if two times
/// as large.
constexpr double kBeyondChance = 4;

/// Where in `values` this place is, or would be.
auto position(auto& values, std::int32_t place) {
  return std::ranges::lower_bound(values, place, {}, &OfPlaces::value_type::first);
}

bool is_at(const OfPlaces& values, OfPlaces::const_iterator position, std::int32_t place) {
  return position != values.end() && position->first == place;
}

OfPlaces mean_log_times(const Samples& samples) {
  OfPlaces sums, counts;
  for (std::size_t i = 0; i < samples.t_s.size(); ++i) {
    const std::int32_t place = samples.loop[i];
    const auto at = position(sums, place);
    const auto index = at - sums.begin();
    if (!is_at(sums, at, place)) {
      sums.insert(at, {place, 0});
      counts.insert(counts.begin() + index, {place, 0});
    }
    sums[static_cast<std::size_t>(index)].second += std::log(samples.t_s[i]);
    ++counts[static_cast<std::size_t>(index)].second;
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    sums[i].second /= counts[i].second;
  return sums;
}

/// Of each replicate of a kernel that has samples.
std::vector<OfPlaces> log_times(const CaseResult& c) {
  std::vector<OfPlaces> found;
  for (const Replicate& replicate : c.replicates)
    if (c.kind == "kernel" && !replicate.samples.t_s.empty())
      found.push_back(mean_log_times(replicate.samples));
  return found;
}

OfPlaces medians(const std::vector<OfPlaces>& replicates) {
  OfPlaces all;
  for (const OfPlaces& replicate : replicates)
    all.insert(all.end(), replicate.begin(), replicate.end());
  std::ranges::sort(all);
  OfPlaces result;
  std::vector<double> values;
  for (auto at = all.begin(); at != all.end();) {
    const std::int32_t place = at->first;
    for (values.clear(); at != all.end() && at->first == place; ++at)
      values.push_back(at->second);
    result.emplace_back(place, stats::median(values));
  }
  return result;
}

/// `value` of a's and b's at each place that both have.
template <typename Value>
OfPlaces joined(const OfPlaces& a, const OfPlaces& b, Value value) {
  OfPlaces result;
  for (const auto& [place, of_a] : a)
    if (const auto of_b = position(b, place); is_at(b, of_b, place))
      result.emplace_back(place, value(of_a, of_b->second));
  return result;
}

/// a - b at the places that both have.
std::vector<double> differences(const OfPlaces& a, const OfPlaces& b) {
  const OfPlaces of_places = joined(a, b, std::minus());
  std::vector<double> result(of_places.size());
  std::ranges::transform(of_places, result.begin(), &OfPlaces::value_type::second);
  return result;
}

std::vector<double> deviations(std::vector<double> values) {
  const double center = values.empty() ? 0 : stats::median(values);
  for (double& value : values)
    value = std::abs(value - center);
  return values;
}

/// By how much the mean over places drifted otherwise than the median, should the scatter of the
/// places' drifts be beyond what replicates of an arm scatter by.
double changed_by(const std::vector<OfPlaces>& base, const std::vector<OfPlaces>& fresh,
                  const std::vector<double>& drifts) {
  std::vector<double> within; // of two replicates of an arm, place by place
  for (const auto* arm : {&base, &fresh}) {
    for (std::size_t i = 0; i < arm->size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        std::ranges::copy(deviations(differences((*arm)[i], (*arm)[k])),
                          std::back_inserter(within));
      }
    }
  }
  // A median of n values has the variance of one times pi / 2 / n; a difference of two has twice
  // it.
  const double chance =
      within.empty() ? 0
                     : stats::median(within) * std::sqrt(std::numbers::pi / 4 *
                                                         (1.0 / static_cast<double>(base.size()) +
                                                          1.0 / static_cast<double>(fresh.size())));
  return stats::median(deviations(drifts)) > kBeyondChance * chance
             ? std::abs(stats::mean(drifts) - stats::median(drifts))
             : 0;
}

void center(OfPlaces& values) {
  double mean = 0;
  for (const auto& [place, value] : values)
    mean += value / static_cast<double>(values.size());
  for (auto& [place, value] : values)
    value -= mean;
}

/// One or two; none where it has no place of the effects.
std::array<std::optional<std::int32_t>, 2> judged_places(const Samples& samples,
                                                         const PlaceEffects& effects) {
  std::vector<std::pair<double, std::int32_t>> by_deviation;
  for (const auto& [place, log_t] : mean_log_times(samples))
    if (const double* effect = effects.find(place))
      by_deviation.emplace_back(log_t - *effect, place);
  std::ranges::sort(by_deviation);
  const std::size_t count = by_deviation.size();
  if (count == 0)
    return {};
  return {by_deviation[(count - 1) / 2].second, by_deviation[count / 2].second};
}

} // namespace

PlaceEffects::PlaceEffects(const CaseResult& alone) : effects_(medians(log_times(alone))) {
  any_ = !effects_.empty();
  center(effects_);
}

PlaceEffects::PlaceEffects(const CaseResult& base, const CaseResult& fresh) {
  const std::vector<OfPlaces> of_base = log_times(base), of_fresh = log_times(fresh);
  const OfPlaces before = medians(of_base), now = medians(of_fresh);
  effects_ = joined(before, now, [](double a, double b) { return (a + b) / 2; });
  any_ = !of_base.empty() && !of_fresh.empty();
  center(effects_);
  if (!effects_.empty())
    change_ = changed_by(of_base, of_fresh, differences(now, before));
}

const double* PlaceEffects::find(std::int32_t place) const {
  const auto at = position(effects_, place);
  return is_at(effects_, at, place) ? &at->second : nullptr;
}

Samples judged_samples(const Replicate& replicate, const PlaceEffects& effects) {
  const Samples& all = replicate.samples;
  if (!effects.any())
    return all;
  const auto places = judged_places(all, effects);
  Samples judged;
  for (std::size_t i = 0; i < all.t_s.size(); ++i) {
    if (all.loop[i] == places[0] || all.loop[i] == places[1]) {
      judged.start_s.push_back(all.start_s[i]);
      judged.t_s.push_back(all.t_s[i] * std::exp(-*effects.find(all.loop[i])));
      judged.f_hz.push_back(all.f_hz[i]);
      judged.loop.push_back(all.loop[i]);
      judged.step.push_back(all.step[i]);
    }
  }
  return judged;
}

std::vector<double> pooled(const CaseResult& result, std::vector<double> Samples::*column) {
  const PlaceEffects effects(result);
  std::vector<double> values;
  for (const Replicate& replicate : result.replicates) {
    std::ranges::copy_if(judged_samples(replicate, effects).*column, std::back_inserter(values),
                         [](double value) { return !std::isnan(value); });
  }
  return values;
}

} // namespace bench::compare
