#include <bench/results/judged_samples.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace bench::results {
namespace {

/// By the mean log time at each place.
std::set<std::int32_t> judged_places(const Samples& samples) {
  struct Sum {
    double log_t = 0;
    int count = 0;
  };
  std::map<std::int32_t, Sum> sums;
  for (std::size_t i = 0; i < samples.t_s.size(); ++i) {
    Sum& sum = sums[samples.loop[i]];
    sum.log_t += std::log(samples.t_s[i]);
    ++sum.count;
  }
  std::vector<std::pair<double, std::int32_t>> fastest_first;
  for (const auto& [place, sum] : sums) {
    fastest_first.emplace_back(sum.log_t / sum.count, place);
  }
  std::ranges::sort(fastest_first);
  std::set<std::int32_t> judged;
  for (std::size_t i = sums.size() / 8; i < (sums.size() + 1) / 2; ++i) {
    judged.insert(fastest_first[i].second);
  }
  return judged;
}

} // namespace

Samples judged_samples(const CaseResult& result, const Replicate& replicate) {
  const Samples& all = replicate.samples;
  if (result.kind != "kernel") {
    return all;
  }
  const std::set<std::int32_t> places = judged_places(all);
  Samples judged;
  for (std::size_t i = 0; i < all.t_s.size(); ++i) {
    if (places.contains(all.loop[i])) {
      judged.start_s.push_back(all.start_s[i]);
      judged.t_s.push_back(all.t_s[i]);
      judged.f_hz.push_back(all.f_hz[i]);
      judged.loop.push_back(all.loop[i]);
      judged.step.push_back(all.step[i]);
    }
  }
  return judged;
}

} // namespace bench::results
