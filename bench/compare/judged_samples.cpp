#include <bench/compare/judged_samples.h>
#include <bench/stats/summary.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Replicate;
using results::Samples;

using OfPlaces = std::map<std::int32_t, double>;

OfPlaces mean_log_times(const Samples& samples) {
  OfPlaces means;
  std::map<std::int32_t, int> counts;
  for (std::size_t i = 0; i < samples.t_s.size(); ++i) {
    means[samples.loop[i]] += std::log(samples.t_s[i]);
    ++counts[samples.loop[i]];
  }
  for (auto& [place, log_t] : means) {
    log_t /= counts[place];
  }
  return means;
}

std::set<std::int32_t> judged_places(const Samples& samples, const PlaceEffects& effects) {
  std::vector<std::pair<double, std::int32_t>> fastest_first;
  for (const auto& [place, log_t] : mean_log_times(samples)) {
    fastest_first.emplace_back(log_t - effects.at(place), place);
  }
  std::ranges::sort(fastest_first);
  const std::size_t count = fastest_first.size();
  std::set<std::int32_t> judged;
  for (std::size_t i = count / 8; i < (5 * count + 7) / 8; ++i) {
    judged.insert(fastest_first[i].second);
  }
  return judged;
}

} // namespace

PlaceEffects::PlaceEffects(std::initializer_list<const CaseResult*> cases) {
  std::map<std::int32_t, std::vector<double>> log_times;
  for (const CaseResult* c : cases) {
    if (c->kind != "kernel") {
      continue;
    }
    for (const Replicate& replicate : c->replicates) {
      for (const auto& [place, log_t] : mean_log_times(replicate.samples)) {
        log_times[place].push_back(log_t);
      }
    }
  }
  double mean = 0;
  for (const auto& [place, of_replicates] : log_times) {
    effects_[place] = stats::median(of_replicates);
    mean += effects_[place] / static_cast<double>(log_times.size());
  }
  for (auto& [place, effect] : effects_) {
    effect -= mean;
  }
}

Samples judged_samples(const Replicate& replicate, const PlaceEffects& effects) {
  const Samples& all = replicate.samples;
  if (!effects.any()) {
    return all;
  }
  const std::set<std::int32_t> places = judged_places(all, effects);
  Samples judged;
  for (std::size_t i = 0; i < all.t_s.size(); ++i) {
    if (places.contains(all.loop[i])) {
      judged.start_s.push_back(all.start_s[i]);
      judged.t_s.push_back(all.t_s[i] * std::exp(-effects.at(all.loop[i])));
      judged.f_hz.push_back(all.f_hz[i]);
      judged.loop.push_back(all.loop[i]);
      judged.step.push_back(all.step[i]);
    }
  }
  return judged;
}

std::vector<double> pooled(const CaseResult& result, std::vector<double> Samples::*column) {
  const PlaceEffects effects({&result});
  std::vector<double> values;
  for (const Replicate& replicate : result.replicates) {
    std::ranges::copy_if(judged_samples(replicate, effects).*column, std::back_inserter(values),
                         [](double value) { return !std::isnan(value); });
  }
  return values;
}

} // namespace bench::compare
