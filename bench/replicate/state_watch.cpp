#include <bench/replicate/state_watch.h>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace bench::replicate {
namespace {

std::map<std::string, double> numbers(const machine::MachineState& state) {
  std::map<std::string, double> all;
  const auto add = [&](const char* name, const auto& value) {
    if (value)
      all[name] = static_cast<double>(*value);
  };
  add("sm_clock_hz", state.sm_clock_hz);
  add("memory_clock_hz", state.memory_clock_hz);
  add("application_sm_clock_hz", state.application_sm_clock_hz);
  add("power_w", state.power_w);
  add("power_limit_w", state.power_limit_w);
  add("energy_j", state.energy_j);
  add("temperature_c", state.temperature_c);
  add("memory_temperature_c", state.memory_temperature_c);
  add("ecc", state.ecc_enabled);
  add("ecc_uncorrected", state.ecc_uncorrected);
  add("mig", state.mig_enabled);
  if (state.clocks_events)
    all["clocks_events"] = static_cast<double>(state.clocks_events->bits());
  if (state.processes)
    all["processes"] = static_cast<double>(state.processes->size());
  return all;
}

/// "" where none of them makes a measurement invalid.
std::string first_error(const std::vector<machine::Finding>& findings) {
  return machine::has_error(findings) ? findings.front().line : ""; // errors come first
}

/// Far below what NVML resolves, and short in a file.
double rounded(double value, double digits) {
  return std::round(value * digits) / digits;
}

results::Trace columns(const machine::Trace& trace,
                       std::chrono::steady_clock::time_point first_sample) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  results::Trace columns;
  for (const machine::Reading& reading : trace.readings) {
    const std::chrono::duration<double> since = reading.when - first_sample;
    columns.t_s.push_back(rounded(since.count(), 1e3));
    columns.power_w.push_back(rounded(reading.power_w.value_or(kUnknown), 10));
    columns.sm_clock_hz.push_back(reading.sm_clock_hz.value_or(kUnknown));
    columns.temperature_c.push_back(reading.temperature_c.value_or(kUnknown));
    columns.clocks_events.push_back(
        reading.clocks_events ? static_cast<double>(reading.clocks_events->bits()) : kUnknown);
  }
  return columns;
}

/// NVML's name of a reason -> the share of the readings that gave it.
std::map<std::string, double> shares(const std::map<std::uint64_t, std::int64_t>& clocks_events) {
  std::int64_t all = 0;
  for (const auto& [bits, count] : clocks_events)
    all += count;
  std::map<std::string, double> shares;
  for (const auto& [bits, count] : clocks_events)
    for (const std::string& name : machine::ClocksEvents(bits).names())
      shares[name] += static_cast<double>(count) / static_cast<double>(all);
  return shares;
}

} // namespace

std::optional<machine::NvmlDevice> nvml_device(device::Device& device) {
  if (device.kind() != scenario::DeviceKind::cuda)
    return std::nullopt;
  return machine::Nvml::load().device(device.uuid());
}

void StateWatch::before(results::Replicate& replicate) {
  if (!gpu_)
    return;
  before_ = machine::machine_state(*gpu_);
  replicate.processes.clear();
  spoiled_before_ = note("before", before_, replicate);
}

std::string StateWatch::after(results::Replicate& replicate) {
  if (!gpu_)
    return {};
  const machine::MachineState now = machine::machine_state(*gpu_);
  const std::string spoiled_after = note("after", now, replicate);
  if (!spoiled_before_.empty())
    return spoiled_before_;
  const std::string between = first_error(machine::spoilers_between(before_, now));
  return between.empty() ? spoiled_after : between;
}

std::string StateWatch::note(const char* when, const machine::MachineState& state,
                             results::Replicate& replicate) const {
  replicate.machine[when] = numbers(state);
  const std::vector<int> own = machine::process_tree(getpid());
  const auto all = state.processes.value_or(std::vector<machine::GpuProcess>());
  const auto foreign = machine::foreign_processes(all, own);
  for (const machine::GpuProcess& process : all)
    replicate.processes.push_back(
        {.when = when,
         .pid = process.pid,
         .kind = std::string(to_string(process.kind)),
         .name = process.name,
         .memory_bytes = process.memory_bytes,
         .foreign =
             std::ranges::find(foreign, process.pid, &machine::GpuProcess::pid) != foreign.end()});
  const std::string line = first_error(machine::others_on(state, own));
  return line.empty() ? "" : fmt::format("just {} it was measured: {}", when, line);
}

SampleWatch::SampleWatch(std::optional<machine::NvmlDevice> gpu, double interval_s)
    : gpu_(std::move(gpu)), interval_s_(interval_s) {}

void SampleWatch::start() {
  started_ = std::chrono::steady_clock::now();
  if (gpu_ && interval_s_ > 0)
    recorder_.emplace(*gpu_, std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::duration<double>(interval_s_)));
}

std::string SampleWatch::end(results::Replicate& replicate, const measure::Sampled& sampled) {
  if (!recorder_)
    return {};
  const std::chrono::duration<double> watched = std::chrono::steady_clock::now() - started_;
  const machine::Trace trace = recorder_->finish();
  recorder_.reset();
  std::map<std::string, double>& known = replicate.machine["sampled"];
  known["readings"] = static_cast<double>(trace.taken);
  if (trace.counted_power_w) { // of nearly all of that time: it stands for all
    known["energy_j"] = rounded(*trace.counted_power_w * watched.count(), 10);
    known["steps"] = static_cast<double>(sampled.samples.size()) + sampled.dropped;
  }
  if (trace.mean_power_w)
    known["power_w"] = rounded(*trace.mean_power_w, 10);
  if (trace.highest_temperature_c)
    known["temperature_c"] = *trace.highest_temperature_c;
  if (trace.locked > 0)
    known["locked"] = static_cast<double>(trace.locked) / static_cast<double>(trace.taken);
  if (!trace.clocks_events.empty())
    replicate.machine["clocks_events"] = shares(trace.clocks_events);
  replicate.trace = columns(trace, sampled.first_sample);

  std::vector<machine::ClocksEvents> seen;
  for (const auto& [bits, count] : trace.clocks_events)
    seen.emplace_back(bits);
  return first_error(machine::spoilers_during(seen));
}

} // namespace bench::replicate
