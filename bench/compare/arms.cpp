#include <bench/base/fnv1a.h>
#include <bench/compare/arms.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::CaseStatus;
using results::find_fact;
using results::Replicate;
using results::Result;

bool is_copy_anchor(const CaseResult& c) {
  return c.kind == "anchor" && c.id.ends_with("/anchor/copy");
}

std::vector<double> logs(const std::vector<double>& values) {
  std::vector<double> result(values.size());
  std::ranges::transform(values, result.begin(), [](double value) { return std::log(value); });
  return result;
}

/// "cudnn 9.1 -> 9.2" for each key of the group on which both have something to say: a fact that
/// one of them lacks is unknown, not different.
void add_changes(const results::Facts& base, const results::Facts& fresh, const std::string& group,
                 std::vector<std::string>& changes) {
  const auto before = base.find(group);
  if (before == base.end()) {
    return;
  }
  for (const auto& [key, value] : before->second) {
    const std::string* now = find_fact(fresh, group, key);
    if (now && *now != value) {
      changes.push_back(
          fmt::format("{} {} -> {}", group == "driver" ? "driver " + key : key, value, *now));
    }
  }
}

/// GPUs on which some replicate of either case does not say what its process was to measure.
std::set<std::string> gpus_without_plans(const CaseResult& a, const CaseResult& b) {
  std::set<std::string> gpus;
  for (const CaseResult* side : {&a, &b}) {
    for (const Replicate& replicate : side->replicates) {
      if (replicate.plan.empty()) {
        gpus.insert(replicate.device_uuid);
      }
    }
  }
  return gpus;
}

/// Blocks are by plan but on the GPUs `without_plans`.
Arm make_arm(const CaseResult& c, const Processes& processes,
             const std::set<std::string>& without_plans) {
  Arm result;
  for (const Replicate& replicate : c.replicates) {
    const results::Samples& samples = replicate.samples;
    if (samples.t_s.empty()) {
      continue;
    }
    stats::Observation observation;
    observation.device = replicate.device_uuid;
    observation.log_t = logs(samples.t_s);
    if (std::ranges::none_of(samples.f_hz, [](double f) { return std::isnan(f); })) {
      observation.log_f = logs(samples.f_hz);
    }
    observation.group.assign(samples.loop.begin(), samples.loop.end());
    observation.log_anchor = processes.log_copy_time(replicate);
    if (c.kind == "kernel") { // the seed draws its places, and where they lie the plan decides
      observation.block = replicate.seed ^ (without_plans.contains(replicate.device_uuid)
                                                ? processes.kernels(replicate)
                                                : fnv1a(replicate.plan));
    }
    observation.temperature_c = results::mean_temperature(replicate);
    if (const auto energy_j = results::energy_per_sample(replicate)) {
      observation.log_energy = std::log(*energy_j);
    }
    result.observations.push_back(std::move(observation));
    result.replicates.push_back(&replicate);
  }
  return result;
}

} // namespace

Processes::Processes(const Result& result) {
  std::map<Key, std::vector<std::string>> kernels;
  std::set<Key> with_loops;
  for (const CaseResult& c : result.cases) {
    for (const Replicate& replicate : c.replicates) {
      if (c.kind == "kernel") {
        kernels[key(replicate)].push_back(c.id);
      } else if (!is_copy_anchor(c)) { // which stands beside kernels alone, too
        with_loops.insert(key(replicate));
      }
      // On a CPU copies differ by per cents from one process to the next: no sign of a mode.
      if (result.device != "cpu" && is_copy_anchor(c) && c.status == CaseStatus::ok &&
          !replicate.samples.t_s.empty()) {
        copies_[{replicate.process, replicate.device_uuid}].push_back(
            {replicate.started, std::log(stats::median(replicate.samples.t_s))});
      }
    }
  }
  for (auto& [process, ids] : kernels) {
    kernels_[process] = digest_of_kernels(std::move(ids), with_loops.contains(process));
  }
}

Processes::Key Processes::key(const Replicate& replicate) {
  return {replicate.process, replicate.device_uuid, replicate.seed};
}

std::uint64_t Processes::kernels(const Replicate& replicate) const {
  const auto found = kernels_.find(key(replicate));
  return found == kernels_.end() ? 0 : found->second;
}

std::uint64_t digest_of_kernels(std::vector<std::string> ids, bool beside_loops) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return fnv1a(fmt::format("{} {}", beside_loops, fmt::join(ids, "\n")));
}

std::optional<double> Processes::log_copy_time(const Replicate& replicate) const {
  const auto found = copies_.find({replicate.process, replicate.device_uuid});
  if (found == copies_.end()) {
    return std::nullopt;
  }
  for (const Copy& copy : found->second) {
    if (copy.started == replicate.started) {
      return copy.log_t;
    }
  }
  return found->second.size() == 1 ? std::optional(found->second.front().log_t) : std::nullopt;
}

Arm arm(const CaseResult& result, const Processes& processes) {
  return make_arm(result, processes, gpus_without_plans(result, result));
}

std::pair<Arm, Arm> arms(const CaseResult& a, const Processes& of_a, const CaseResult& b,
                         const Processes& of_b) {
  const std::set<std::string> without_plans = gpus_without_plans(a, b);
  return {make_arm(a, of_a, without_plans), make_arm(b, of_b, without_plans)};
}

ReplicateMean replicate_mean(const Arm& arm, std::size_t i, std::optional<double> slope,
                             std::optional<double> log_clock, const stats::Covariates& covariates) {
  const stats::Observation& observation = arm.observations[i];
  const Replicate& replicate = *arm.replicates[i];
  const double log_t = stats::mean(observation.log_t);
  ReplicateMean result{.gpu = short_uuid(observation.device),
                       .process = replicate.process,
                       .started = replicate.started,
                       .t_s = std::exp(log_t),
                       .f_hz = std::nullopt,
                       .work_t_s = std::exp(log_t),
                       .energy_j = results::energy_per_sample(replicate)};
  if (!observation.log_f.empty()) {
    const double log_f = stats::mean(observation.log_f);
    result.f_hz = std::exp(log_f);
    if (slope && log_clock) {
      result.work_t_s =
          std::exp(log_t - *slope * (log_f - *log_clock) - covariates.share(observation));
    }
  }
  return result;
}

double median_time(const std::vector<const Replicate*>& replicates) {
  std::vector<double> times;
  for (const Replicate* replicate : replicates) {
    times.insert(times.end(), replicate->samples.t_s.begin(), replicate->samples.t_s.end());
  }
  return stats::median(times);
}

std::optional<double> mean_energy(const std::vector<const Replicate*>& replicates) {
  std::vector<double> joules;
  for (const Replicate* replicate : replicates) {
    const std::optional<double> energy_j = results::energy_per_sample(*replicate);
    if (!energy_j) {
      return std::nullopt;
    }
    joules.push_back(*energy_j);
  }
  return joules.empty() ? std::nullopt : std::optional(stats::mean(joules));
}

std::string device_model(const Result& result) {
  if (result.device == "cpu") {
    return "the CPU";
  }
  const std::string name = gpu_name(result);
  return name.empty() ? "an unknown GPU" : name;
}

Side side(const Result& result) {
  std::set<std::string> uuids;
  for (const CaseResult& c : result.cases) {
    for (const Replicate& replicate : c.replicates) {
      if (!replicate.device_uuid.empty()) {
        uuids.insert(short_uuid(replicate.device_uuid));
      }
    }
  }
  std::string gpu = device_model(result);
  if (!uuids.empty()) {
    gpu += fmt::format(" ({})", fmt::join(uuids, ", "));
  }
  return {.git_sha = result.git_sha, .started = result.started, .gpu = std::move(gpu)};
}

std::vector<std::string> environment_notes(const Result& base, const Result& fresh) {
  std::vector<std::string> notes;
  std::vector<std::string> changes;
  add_changes(base.machine, fresh.machine, "driver", changes);
  add_changes(base.machine, fresh.machine, "libraries", changes);
  if (!changes.empty()) {
    notes.push_back(fmt::format("environment changed: {}", fmt::join(changes, ", ")));
  }
  changes.clear();
  for (const auto& [group, facts] : base.settings) {
    if (group != "promotion") { // says how the baseline came to be
      add_changes(base.settings, fresh.settings, group, changes);
    }
  }
  if (!changes.empty()) {
    notes.push_back(fmt::format("settings changed: {}", fmt::join(changes, ", ")));
  }
  return notes;
}

/// What was set on the GPU that changes its speed: "" when nothing did. Only for one GPU model.
std::string limits_changed(const Result& base, const Result& fresh) {
  const auto change = [&](const char* key, const char* name, double unit,
                          const char* symbol) -> std::string {
    const std::string* before = find_fact(base.machine, "gpu", key);
    const std::string* now = find_fact(fresh.machine, "gpu", key);
    if (!before || !now || *before == *now) {
      return "";
    }
    const auto scaled = [&](const std::string& text) {
      return std::strtod(text.c_str(), nullptr) / unit;
    };
    return fmt::format("the {} was {:g} {}, now it is {:g} {}: set it back, or promote a new "
                       "baseline",
                       name, scaled(*before), symbol, scaled(*now), symbol);
  };
  const std::string power = change("power_limit_w", "power limit", 1, "W");
  return power.empty() ? change("application_sm_clock_hz", "application clock", 1e6, "MHz") : power;
}

std::string not_ok(const CaseResult& c) {
  return c.message.empty() ? std::string(to_string(c.status))
                           : fmt::format("{}: {}", to_string(c.status), c.message);
}

} // namespace bench::compare
