#include <bench/compare/limits.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

namespace bench::compare {
namespace {

using results::GpuLimit;
using results::Replicate;
using results::Result;

using Values = std::set<std::string>; ///< as the facts of machines have them

/// Null where it is unknown.
const std::string* value_of(const Result& result, const Replicate& replicate,
                            const GpuLimit& limit) {
  const results::Facts& machine =
      replicate.origin ? result.origins.at(*replicate.origin).machine : result.machine;
  return results::find_fact(machine, "gpu", limit.key);
}

Values values_of(const Result& result, const Replicates& replicates, const GpuLimit& limit) {
  Values values;
  for (const Replicate* replicate : replicates)
    if (const std::string* value = value_of(result, *replicate, limit))
      values.insert(*value);
  return values;
}

/// "600 W and 700 W"
std::string text_of(const Values& values, const GpuLimit& limit) {
  std::vector<std::string> all;
  for (const std::string& value : values) {
    all.push_back(
        fmt::format("{:g} {}", std::strtod(value.c_str(), nullptr) / limit.unit, limit.symbol));
  }
  return fmt::format("{}", fmt::join(all, " and "));
}

/// By GPU, the base's and the new ones.
std::map<std::string, std::pair<Replicates, Replicates>> by_gpu(const Replicates& base,
                                                                const Replicates& fresh) {
  std::map<std::string, std::pair<Replicates, Replicates>> gpus;
  for (const Replicate* replicate : base)
    gpus[replicate->device_uuid].first.push_back(replicate);
  for (const Replicate* replicate : fresh)
    gpus[replicate->device_uuid].second.push_back(replicate);
  return gpus;
}

bool in_both(const std::pair<Replicates, Replicates>& of_gpu) {
  return !of_gpu.first.empty() && !of_gpu.second.empty();
}

std::string changed(const Result& base_result, const Replicates& base, const Result& fresh_result,
                    const Replicates& fresh) {
  for (const GpuLimit& limit : results::kGpuLimits) {
    const Values before = values_of(base_result, base, limit);
    const Values now = values_of(fresh_result, fresh, limit);
    if (now.size() > 1)
      return fmt::format("the {} of the new replicates is {}", limit.name, text_of(now, limit));
    if (!before.empty() && !now.empty() && before != now) {
      return fmt::format("the {} was {}, now it is {}", limit.name, text_of(before, limit),
                         text_of(now, limit));
    }
  }
  return "";
}

} // namespace

std::string limits_changed(const Result& base_result, const Replicates& base,
                           const Result& fresh_result, const Replicates& fresh) {
  bool shared = false;
  for (const auto& [uuid, of_gpu] : by_gpu(base, fresh)) {
    if (!in_both(of_gpu))
      continue;
    shared = true;
    std::string text = changed(base_result, of_gpu.first, fresh_result, of_gpu.second);
    if (!text.empty())
      return text;
  }
  return shared ? "" : changed(base_result, base, fresh_result, fresh);
}

AtOtherLimits at_other_limits(const Result& base_result, const Replicates& base,
                              const Result& fresh_result, const Replicates& fresh) {
  if (std::ranges::any_of(by_gpu(base, fresh), [](const auto& gpu) { return in_both(gpu.second); }))
    return {};
  std::set<std::size_t> left_out;
  std::vector<std::string> texts;
  for (const GpuLimit& limit : results::kGpuLimits) {
    const Values now = values_of(fresh_result, fresh, limit);
    Values others;
    for (std::size_t i = 0; i < base.size(); ++i) {
      const std::string* before = value_of(base_result, *base[i], limit);
      if (before && !now.empty() && !now.contains(*before)) {
        others.insert(*before);
        left_out.insert(i);
      }
    }
    if (!others.empty()) {
      texts.push_back(
          fmt::format("{} {}, now {}", limit.name, text_of(others, limit), text_of(now, limit)));
    }
  }
  if (left_out.size() == base.size())
    return {};
  return {.replicates = {left_out.begin(), left_out.end()},
          .text = fmt::format("{}", fmt::join(texts, ", "))};
}

} // namespace bench::compare
