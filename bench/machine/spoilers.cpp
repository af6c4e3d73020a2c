#include <bench/machine/machine.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bench::machine {
namespace {

constexpr double kMib = 1024.0 * 1024.0;

class Findings {
 public:
  void error(std::string line, std::string mend) {
    all_.push_back({Severity::error, std::move(line), std::move(mend)});
  }
  void warning(std::string line, std::string mend) {
    all_.push_back({Severity::warning, std::move(line), std::move(mend)});
  }
  std::vector<Finding> errors_first() && {
    std::stable_sort(all_.begin(), all_.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return std::move(all_);
  }

 private:
  std::vector<Finding> all_;
};

bool is_own(const GpuProcess& process, const std::vector<int>& own_pids) {
  return std::find(own_pids.begin(), own_pids.end(), process.pid) != own_pids.end();
}

/// Whether pids are not hidden from here, as some containers do it.
bool lists_own(const std::vector<GpuProcess>& processes, const std::vector<int>& own_pids) {
  return std::any_of(processes.begin(), processes.end(),
                     [&](const GpuProcess& process) { return is_own(process, own_pids); });
}

std::string describe(const GpuProcess& process) {
  const std::string name = process.name.empty() ? "not visible from here" : process.name;
  const std::string memory =
      process.memory_bytes && *process.memory_bytes > 0
          ? fmt::format(", {:.0f} MiB", static_cast<double>(*process.memory_bytes) / kMib)
          : "";
  return fmt::format("{} process {} ({}{})", to_string(process.kind), process.pid, name, memory);
}

void check_processes(const MachineState& state, const std::vector<int>& own_pids,
                     Findings& findings) {
  for (const GpuProcess& process :
       foreign_processes(state.processes.value_or(std::vector<GpuProcess>()), own_pids)) {
    findings.error(fmt::format("{} is on the GPU", describe(process)),
                   "end it, or choose another GPU with CUDA_VISIBLE_DEVICES");
  }
}

/// Memory that no listed process accounts for is somebody in another container: the driver lists
/// only what this one may see.
void check_memory(const MachineState& state, const std::vector<int>& own_pids, Findings& findings) {
  // What an idle GPU shows as used, below the 400 MiB and more of any CUDA context. Where the
  // driver does not tell its reserve apart, that is part of it: some 0.6 GiB on an H200.
  constexpr double kIdleBytes = 128 * kMib;
  constexpr double kIdleWithReserveBytes = 1024 * kMib;

  if (!state.memory)
    return;
  double unexplained = static_cast<double>(state.memory->used_bytes);
  std::size_t explained = 0;
  for (const GpuProcess& process : state.processes.value_or(std::vector<GpuProcess>())) {
    if (process.memory_bytes.value_or(0) == 0)
      return; // some of it is this process's, nobody knows how much
    unexplained -= static_cast<double>(*process.memory_bytes);
    ++explained;
  }
  if (explained < own_pids.size() && !(state.processes && lists_own(*state.processes, own_pids)))
    return; // the own processes are among the invisible
  if (unexplained > (state.memory->reserved_bytes ? kIdleBytes : kIdleWithReserveBytes)) {
    findings.error(
        fmt::format("{:.0f} MiB of GPU memory are used by a process that is not visible from here",
                    unexplained / kMib),
        "find it on the host or in another container (nvidia-smi there), or choose another GPU "
        "with CUDA_VISIBLE_DEVICES");
  }
}

/// Clocks held down by what a measurement cannot bear.
void check_slowdowns(ClocksEvents events, Findings& findings) {
  if (events.has(ClocksEvent::hw_thermal_slowdown)) {
    findings.error("the hardware halves the clocks because the GPU is too hot (HwThermalSlowdown)",
                   "have its cooling checked");
  }
  if (events.has(ClocksEvent::sw_thermal_slowdown)) {
    findings.error("the driver lowers the clocks because GPU or memory is too hot "
                   "(SwThermalSlowdown)",
                   "let it cool down, and have its cooling checked if this comes back");
  }
  if (events.has(ClocksEvent::hw_power_brake_slowdown)) {
    findings.error("the power supply asks the GPU to slow down (HwPowerBrakeSlowdown)",
                   "have the machine's power supply checked");
  }
  // An idle GPU shows this bit alone while it changes its state of power.
  if (events.has(ClocksEvent::hw_slowdown) && !events.has(ClocksEvent::gpu_idle) &&
      !events.has(ClocksEvent::hw_thermal_slowdown) &&
      !events.has(ClocksEvent::hw_power_brake_slowdown)) {
    findings.error("the hardware halves the clocks (HwSlowdown)",
                   "look again in a minute; if it stays, have power and cooling checked");
  }
}

void check_clocks(const MachineState& state, Findings& findings) {
  const ClocksEvents events = state.clocks_events.value_or(ClocksEvents());
  check_slowdowns(events, findings);
  if (events.has(ClocksEvent::sync_boost)) {
    findings.warning("the clocks follow the slowest GPU of a group (SyncBoost)",
                     "take the GPU out of its sync boost group");
  }

  const auto mhz = [](double hz) { return hz / 1e6; };
  if (state.application_sm_clock_hz && state.default_application_sm_clock_hz &&
      *state.application_sm_clock_hz != *state.default_application_sm_clock_hz) {
    findings.warning(fmt::format("the application clock is set to {:.0f} MHz (default {:.0f}): "
                                 "comparable only with baselines at that clock",
                                 mhz(*state.application_sm_clock_hz),
                                 mhz(*state.default_application_sm_clock_hz)),
                     "nvidia-smi --reset-applications-clocks");
  } else if (events.has(ClocksEvent::applications_clocks_setting)) {
    findings.warning("the clocks are set by hand (ApplicationsClocksSetting): comparable only with "
                     "baselines at that clock",
                     "nvidia-smi --reset-gpu-clocks --reset-applications-clocks");
  }
  if (events.empty() &&
      looks_locked(state.clocks_events, state.sm_clock_hz, state.max_sm_clock_hz)) {
    findings.warning(fmt::format("the SM clock is {:.0f} of {:.0f} MHz and the driver gives no "
                                 "reason: locked clocks?",
                                 mhz(*state.sm_clock_hz), mhz(*state.max_sm_clock_hz)),
                     "nvidia-smi --reset-gpu-clocks");
  }
}

void check_settings(const MachineState& state, Findings& findings) {
  if (state.mig_enabled.value_or(false) || state.uuid.starts_with("MIG-")) {
    findings.error("the GPU is partitioned (MIG): its parts share clocks and power, and none has "
                   "all SMs",
                   "nvidia-smi --multi-instance-gpu=0, or choose another GPU with "
                   "CUDA_VISIBLE_DEVICES");
  }
  if (state.compute_mode == "prohibited") {
    findings.error("the GPU admits no compute process (compute mode prohibited)",
                   "nvidia-smi --compute-mode=DEFAULT");
  }
  if (state.ecc_uncorrected.value_or(0) > 0) {
    findings.error(
        fmt::format("uncorrected memory errors since the driver was loaded: {}",
                    *state.ecc_uncorrected),
        "reset the GPU (nvidia-smi --gpu-reset), and have it replaced if they come back");
  }
  if (state.power_limit_w && state.default_power_limit_w &&
      *state.power_limit_w < *state.default_power_limit_w) {
    findings.warning(
        fmt::format("the power limit is {:.0f} W, below the default of {:.0f} W: comparable only "
                    "with baselines at that limit",
                    *state.power_limit_w, *state.default_power_limit_w),
        fmt::format("nvidia-smi --power-limit={:.0f}", *state.default_power_limit_w));
  }
  if (state.persistence_enabled == false) {
    findings.warning("persistence mode is off: the driver unloads between processes, and each "
                     "starts cold",
                     "nvidia-smi --persistence-mode=1, or run nvidia-persistenced");
  }
}

} // namespace

bool has_error(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::error; });
}

std::vector<GpuProcess> foreign_processes(const std::vector<GpuProcess>& processes,
                                          const std::vector<int>& own_pids) {
  // Where pids are not hidden, those of ours that are not listed, a worker's helpers, are not on
  // the GPU.
  std::size_t unlisted = lists_own(processes, own_pids) ? 0 : own_pids.size();
  std::vector<GpuProcess> rest;
  for (const GpuProcess& process : processes) {
    if (is_own(process, own_pids))
      continue;
    if (process.name.empty() && unlisted > 0) {
      --unlisted;
      continue;
    }
    rest.push_back(process);
  }
  return rest;
}

bool looks_locked(const std::optional<ClocksEvents>& events, std::optional<double> sm_clock_hz,
                  std::optional<double> max_sm_clock_hz) {
  constexpr double kNearMax = 0.95;
  return events && (events->has(ClocksEvent::applications_clocks_setting) ||
                    (events->empty() && sm_clock_hz && max_sm_clock_hz &&
                     *sm_clock_hz < kNearMax * *max_sm_clock_hz));
}

std::vector<Finding> others_on(const MachineState& state, const std::vector<int>& own_pids) {
  Findings findings;
  check_processes(state, own_pids, findings);
  check_memory(state, own_pids, findings);
  return std::move(findings).errors_first();
}

std::vector<Finding> spoilers(const MachineState& state, const std::vector<int>& own_pids,
                              const std::optional<LockHolder>& other_bench) {
  Findings findings;
  if (other_bench) {
    findings.error(fmt::format("another bench holds the GPU's lock ({})", to_string(*other_bench)),
                   "wait for it, or choose another GPU with CUDA_VISIBLE_DEVICES");
  }
  check_processes(state, own_pids, findings);
  check_memory(state, own_pids, findings);
  check_settings(state, findings);
  check_clocks(state, findings);
  return std::move(findings).errors_first();
}

std::vector<Finding> spoilers_during(const std::vector<ClocksEvents>& seen) {
  std::vector<Finding> all;
  for (const ClocksEvents events : seen) {
    Findings findings;
    check_slowdowns(events, findings);
    for (Finding& finding : std::move(findings).errors_first()) {
      finding.line = "while it was sampled: " + finding.line;
      if (std::find(all.begin(), all.end(), finding) == all.end())
        all.push_back(std::move(finding));
    }
  }
  return all;
}

std::vector<Finding> spoilers_between(const MachineState& before, const MachineState& after) {
  Findings findings;
  if (before.slowdown_s && after.slowdown_s) {
    const auto check = [&](double SlowdownSeconds::*part, const char* reason) {
      const double seconds = *after.slowdown_s.*part - *before.slowdown_s.*part;
      if (seconds > 0) {
        findings.error(fmt::format("the clocks were held down for {:.3f} s ({})", seconds, reason),
                       "have power and cooling checked, then measure again");
      }
    };
    check(&SlowdownSeconds::sw_thermal, "SwThermalSlowdown");
    check(&SlowdownSeconds::hw_thermal, "HwThermalSlowdown");
    check(&SlowdownSeconds::hw_power_brake, "HwPowerBrakeSlowdown");
  }
  if (before.ecc_uncorrected && after.ecc_uncorrected &&
      *after.ecc_uncorrected > *before.ecc_uncorrected) {
    findings.error(fmt::format("uncorrected memory errors while it was measured: {}",
                               *after.ecc_uncorrected - *before.ecc_uncorrected),
                   "reset the GPU (nvidia-smi --gpu-reset), then measure again");
  }
  const auto check_setting = [&](std::optional<double> MachineState::*setting, const char* name,
                                 double unit, const char* symbol) {
    const std::optional<double>&from = before.*setting, &to = after.*setting;
    if (from && to && *from != *to) {
      findings.error(fmt::format("the {} went from {:.0f} to {:.0f} {} while it was measured", name,
                                 *from / unit, *to / unit, symbol),
                     "measure again with nobody changing it");
    }
  };
  check_setting(&MachineState::power_limit_w, "power limit", 1, "W");
  check_setting(&MachineState::application_sm_clock_hz, "application clock", 1e6, "MHz");
  if (before.mig_enabled && after.mig_enabled && *before.mig_enabled != *after.mig_enabled) {
    findings.error(fmt::format("the GPU's partitioning (MIG) was turned {} while it was measured",
                               *after.mig_enabled ? "on" : "off"),
                   "measure again with nobody changing it");
  }
  return std::move(findings).errors_first();
}

} // namespace bench::machine
