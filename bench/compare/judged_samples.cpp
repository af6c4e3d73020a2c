#include <bench/compare/judged_samples.h>
#include <bench/stats/summary.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
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

OfPlaces mean_log_times(const Samples& samples) {
  OfPlaces means;
  boost::container::flat_map<std::int32_t, int> counts;
  for (std::size_t i = 0; i < samples.t_s.size(); ++i) {
    means[samples.loop[i]] += std::log(samples.t_s[i]);
    ++counts[samples.loop[i]];
  }
  for (auto& [place, log_t] : means)
    log_t /= counts[place];
  return means;
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
  boost::container::flat_map<std::int32_t, std::vector<double>> of_places;
  for (const OfPlaces& replicate : replicates)
    for (const auto& [place, log_t] : replicate)
      of_places[place].push_back(log_t);
  OfPlaces result;
  for (const auto& [place, values] : of_places)
    result[place] = stats::median(values);
  return result;
}

/// a - b at the places that both have.
std::vector<double> differences(const OfPlaces& a, const OfPlaces& b) {
  std::vector<double> result;
  for (const auto& [place, value] : a)
    if (const auto other = b.find(place); other != b.end())
      result.push_back(value - other->second);
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
  for (const auto& [place, log_t] : before)
    if (const auto other = now.find(place); other != now.end())
      effects_[place] = (log_t + other->second) / 2;
  any_ = !of_base.empty() && !of_fresh.empty();
  center(effects_);
  if (!effects_.empty())
    change_ = changed_by(of_base, of_fresh, differences(now, before));
}

const double* PlaceEffects::find(std::int32_t place) const {
  const auto at = effects_.find(place);
  return at == effects_.end() ? nullptr : &at->second;
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
