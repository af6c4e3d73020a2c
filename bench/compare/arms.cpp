#include <bench/compare/arms.h>
#include <bench/compare/comparison.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::CaseStatus;
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

/// Where the buffers of a loop of ours lie. Files of before they had a place do not say.
std::string buffers(const CaseResult& loop) {
  const auto found = loop.parameters.find("buffers");
  return found == loop.parameters.end() ? "anywhere" : found->second;
}

bool is_loop_of_ours(const CaseResult& c) {
  return c.kind == "loop" && regime(c) != "worker loop";
}

std::string waits_for_host(const CaseResult& base, const CaseResult& fresh) {
  const bool waited = gpu_waits_for_host(base), waits = gpu_waits_for_host(fresh);
  if (!waited)
    return waits ? "the GPU waits for the host now" : "";
  return waits ? "the GPU waits for the host" : "the GPU waited for the host, it does not now";
}

} // namespace

Copies::Copies(const Result& result) {
  if (result.device == "cpu")
    return; // copies differ by per cents from one process to the next: no sign of a mode
  for (const CaseResult& c : result.cases) {
    if (!is_copy_anchor(c) || c.status != CaseStatus::ok)
      continue;
    for (const Replicate& replicate : c.replicates) {
      if (!replicate.samples.t_s.empty()) {
        copies_[{replicate.process, replicate.seed, replicate.device_uuid}].push_back(
            {replicate.started, std::log(stats::median(replicate.samples.t_s))});
      }
    }
  }
}

std::optional<double> Copies::log_time(const Replicate& replicate) const {
  const auto found = copies_.find({replicate.process, replicate.seed, replicate.device_uuid});
  if (found == copies_.end())
    return std::nullopt;
  if (found->second.size() == 1)
    return found->second.front().log_t;
  const Copy* last = nullptr;
  for (const Copy& copy : found->second)
    if (copy.started <= replicate.started && (!last || last->started < copy.started))
      last = &copy;
  return last ? std::optional(last->log_t) : std::nullopt;
}

Arm arm(const CaseResult& c, const Copies& copies, const PlaceEffects& places) {
  Arm result;
  for (const Replicate& replicate : c.replicates) {
    if (replicate.samples.t_s.empty())
      continue;
    const results::Samples samples = judged_samples(replicate, places);
    if (samples.t_s.empty())
      continue; // at none of the places that the other arm has
    stats::Observation observation;
    observation.device = replicate.device_uuid;
    observation.log_t = logs(samples.t_s);
    if (std::ranges::none_of(samples.f_hz, [](double f) { return std::isnan(f); }))
      observation.log_f = logs(samples.f_hz);
    observation.group.assign(samples.loop.begin(), samples.loop.end());
    observation.log_anchor = copies.log_time(replicate);
    observation.temperature_c = results::mean_temperature(replicate);
    if (const auto energy_j = results::energy_per_sample(replicate))
      observation.log_energy = std::log(*energy_j);
    result.observations.push_back(std::move(observation));
    result.replicates.push_back(&replicate);
  }
  return result;
}

Arms arms(const CaseResult& base, const Copies& of_base, const CaseResult& fresh,
          const Copies& of_fresh) {
  if (base.kind != fresh.kind || without_path(base.id) != without_path(fresh.id))
    return {arm(base, of_base, PlaceEffects(base)), arm(fresh, of_fresh, PlaceEffects(fresh))};
  const PlaceEffects places(base, fresh);
  return {arm(base, of_base, places), arm(fresh, of_fresh, places), places.change()};
}

std::vector<std::string> warnings(const CaseResult& base, const CaseResult& fresh,
                                  double place_change) {
  std::vector<std::string> lines;
  if (base.check.finite && fresh.check.finite && !base.check.checksum.empty() &&
      !fresh.check.checksum.empty() && base.check.checksum != fresh.check.checksum)
    lines.emplace_back("output differs");
  if (place_change > fresh.gate_work / 10)
    lines.push_back(fmt::format("what its places in memory are worth has changed: over all of them "
                                "the drift is {:.2f} % off that at most of them",
                                100 * place_change));
  if (is_loop_of_ours(base) && is_loop_of_ours(fresh) && buffers(base) != buffers(fresh))
    lines.push_back(
        fmt::format("its buffers lay {} and lie {} now: up to 0.1 % of the drift is that",
                    buffers(base), buffers(fresh)));
  if (const std::string waits = waits_for_host(base, fresh); !waits.empty())
    lines.push_back(waits +
                    ": judged as it was timed, since its time does not follow the SM clock");
  return lines;
}

std::string_view without_path(std::string_view id) {
  return id.substr(0, id.rfind('/'));
}

std::string both_ids(const std::string& base, const std::string& fresh) {
  const auto differs = std::ranges::mismatch(base, fresh).in2;
  const std::size_t slash = fresh.rfind('/', static_cast<std::size_t>(differs - fresh.begin()));
  return base + " -> " + fresh.substr(slash == std::string::npos ? 0 : slash + 1);
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
    const double off = slope && log_clock ? *slope * (log_f - *log_clock) : 0;
    result.work_t_s = std::exp(log_t - off - covariates.share(observation));
  }
  return result;
}

double median_time(const Arm& arm, const std::vector<std::size_t>& replicates) {
  std::vector<double> times;
  for (const std::size_t i : replicates) {
    std::ranges::transform(arm.observations[i].log_t, std::back_inserter(times),
                           [](double log_t) { return std::exp(log_t); });
  }
  return stats::median(times);
}

std::optional<double> mean_energy(const Arm& arm, const std::vector<std::size_t>& replicates) {
  std::vector<double> joules;
  for (const std::size_t i : replicates) {
    const std::optional<double> energy_j = results::energy_per_sample(*arm.replicates[i]);
    if (!energy_j)
      return std::nullopt;
    joules.push_back(*energy_j);
  }
  return joules.empty() ? std::nullopt : std::optional(stats::mean(joules));
}

std::string device_model(const Result& result) {
  if (result.device == "cpu")
    return "the CPU";
  const std::string name = gpu_name(result);
  return name.empty() ? "an unknown GPU" : name;
}

Side side(const Result& result) {
  std::set<std::string> uuids;
  for (const CaseResult& c : result.cases) {
    for (const Replicate& replicate : c.replicates)
      if (!replicate.device_uuid.empty())
        uuids.insert(short_uuid(replicate.device_uuid));
  }
  std::string gpu = device_model(result);
  if (!uuids.empty())
    gpu += fmt::format(" ({})", fmt::join(uuids, ", "));
  return {.git_sha = result.git_sha,
          .started = result.started,
          .gpu = std::move(gpu),
          .model = device_model(result)};
}

std::string not_ok(const CaseResult& c) {
  return c.message.empty() ? std::string(to_string(c.status))
                           : fmt::format("{}: {}", to_string(c.status), c.message);
}

} // namespace bench::compare
