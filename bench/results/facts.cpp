#include <bench/results/result.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace bench::results {
namespace {

constexpr const char* kGpu = "gpu"; // a parameter
constexpr std::string_view kWaitsForHost = "waits for the host";

} // namespace

const std::string* find_fact(const Facts& facts, const std::string& topic, const std::string& key) {
  const auto entries = facts.find(topic);
  if (entries == facts.end())
    return nullptr;
  const auto entry = entries->second.find(key);
  return entry == entries->second.end() ? nullptr : &entry->second;
}

std::vector<FactChange> changed_facts(const Facts& before, const Facts& now,
                                      const std::string& topic) {
  std::vector<FactChange> changes;
  if (const auto facts = before.find(topic); facts != before.end()) {
    for (const auto& [key, value] : facts->second)
      if (const std::string* other = find_fact(now, topic, key); other && *other != value)
        changes.push_back({key, value, *other});
  }
  return changes;
}

bool same_process(const Replicate& a, const Replicate& b) {
  return a.process == b.process && a.started == b.started && a.device_uuid == b.device_uuid;
}

bool has_samples(const CaseResult& c) {
  return std::ranges::any_of(c.replicates,
                             [](const Replicate& r) { return !r.samples.t_s.empty(); });
}

void note_gpu_waits_for_host(CaseResult& loop) {
  loop.parameters[kGpu] = kWaitsForHost;
}

bool gpu_waits_for_host(const CaseResult& loop) {
  const auto found = loop.parameters.find(kGpu);
  return found != loop.parameters.end() && found->second == kWaitsForHost;
}

std::string work_change(const CaseResult& base, const CaseResult& fresh) {
  if (base.work_version != fresh.work_version)
    return fmt::format("work version differs: baseline is of {}, this of {}", base.work_version,
                       fresh.work_version);
  if (base.hash != fresh.hash)
    return fmt::format("hash differs: the work is not the same (baseline {}, this {})", base.hash,
                       fresh.hash);
  // How many sets there are depends on the size of the GPU's cache, which no hash knows.
  const auto before = base.parameters.find("buffer_sets"),
             now = fresh.parameters.find("buffer_sets");
  if (before != base.parameters.end() && now != fresh.parameters.end() &&
      before->second != now->second)
    return fmt::format("launches rotate over {} sets of buffers, the baseline's over {}",
                       now->second, before->second);
  return "";
}

bool same_work(const CaseResult& a, const CaseResult& b) {
  return work_change(a, b).empty();
}

Origin origin_of(const Result& result, std::optional<std::size_t> index) {
  if (index)
    return result.origins.at(*index);
  Origin own{result.git_sha, result.git_dirty, result.profile, result.machine, result.settings};
  own.settings.erase("promotion"); // says how a baseline came to be, not how it was measured
  return own;
}

const std::string& profile_of(const Result& result, const Replicate& replicate) {
  return replicate.origin ? result.origins.at(*replicate.origin).profile : result.profile;
}

const std::string& revision_of(const Result& result, const Replicate& replicate) {
  return replicate.origin ? result.origins.at(*replicate.origin).git_sha : result.git_sha;
}

void set_origin(Result& to, Replicate& replicate, const Origin& origin) {
  replicate.origin.reset();
  if (origin == origin_of(to, std::nullopt))
    return;
  const auto known = std::ranges::find(to.origins, origin);
  replicate.origin = static_cast<std::size_t>(known - to.origins.begin());
  if (known == to.origins.end())
    to.origins.push_back(origin);
}

void prune_origins(Result& result) {
  const std::vector<Origin> all = std::exchange(result.origins, {});
  for (CaseResult& c : result.cases)
    for (Replicate& replicate : c.replicates)
      if (replicate.origin)
        set_origin(result, replicate, all.at(*replicate.origin));
}

namespace {

/// NaN where the file does not say, or says null.
double reading(const Replicate& replicate, const std::string& when, const std::string& what) {
  const auto readings = replicate.machine.find(when);
  if (readings == replicate.machine.end())
    return std::numeric_limits<double>::quiet_NaN();
  const auto found = readings->second.find(what);
  return found == readings->second.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

} // namespace

std::optional<double> energy_per_sample(const Replicate& replicate) {
  const double energy_j = reading(replicate, "sampled", "energy_j");
  const double steps = reading(replicate, "sampled", "steps");
  return energy_j > 0 && steps > 0 ? std::optional(energy_j / steps) : std::nullopt;
}

bool looked_locked(const Replicate& replicate) {
  return reading(replicate, "sampled", "locked") >= 0.5;
}

std::optional<double> mean_temperature(const Replicate& replicate) {
  const double mean_c = (reading(replicate, "before", "temperature_c") +
                         reading(replicate, "after", "temperature_c")) /
                        2;
  return std::isnan(mean_c) ? std::nullopt : std::optional(mean_c);
}

std::optional<double> counted_bytes(const KernelProfile& profile) {
  if (!profile.counters)
    return std::nullopt;
  return profile.counters->dram_read_bytes + profile.counters->dram_written_bytes;
}

} // namespace bench::results
