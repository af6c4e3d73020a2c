#include <bench/results/result.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace bench::results {

std::vector<double> pooled(const CaseResult& result, std::vector<double> Samples::*column) {
  std::vector<double> values;
  for (const Replicate& replicate : result.replicates)
    std::ranges::copy_if(replicate.samples.*column, std::back_inserter(values),
                         [](double value) { return !std::isnan(value); });
  return values;
}

const std::string* find_fact(const Facts& facts, const std::string& topic, const std::string& key) {
  const auto entries = facts.find(topic);
  if (entries == facts.end()) {
    return nullptr;
  }
  const auto entry = entries->second.find(key);
  return entry == entries->second.end() ? nullptr : &entry->second;
}

std::optional<double> energy_per_sample(const Replicate& replicate) {
  const auto sampled = replicate.machine.find("sampled");
  if (sampled == replicate.machine.end())
    return std::nullopt;
  const auto energy_j = sampled->second.find("energy_j"), steps = sampled->second.find("steps");
  if (energy_j == sampled->second.end() || steps == sampled->second.end() ||
      !(energy_j->second > 0) || !(steps->second > 0)) // null reads as NaN
    return std::nullopt;
  return energy_j->second / steps->second;
}

std::optional<double> mean_temperature(const Replicate& replicate) {
  double sum = 0;
  for (const char* when : {"before", "after"}) {
    const auto state = replicate.machine.find(when);
    if (state == replicate.machine.end())
      return std::nullopt;
    const auto degrees = state->second.find("temperature_c");
    if (degrees == state->second.end() || std::isnan(degrees->second)) // null reads as NaN
      return std::nullopt;
    sum += degrees->second;
  }
  return sum / 2;
}

std::optional<double> counted_bytes(const KernelProfile& profile) {
  if (!profile.counters) {
    return std::nullopt;
  }
  return profile.counters->dram_read_bytes + profile.counters->dram_written_bytes;
}

} // namespace bench::results
