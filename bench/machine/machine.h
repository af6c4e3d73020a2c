#pragma once

#include <bench/machine/gpu_lock.h>
#include <bench/machine/nvml.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The machine that measures: what stays (facts, kept in a result), what moves (state, watched
/// while it measures), and what of either would spoil a measurement.
namespace bench::machine {

/// Topic -> fact -> value; a fact that the machine does not tell is not there.
using FactMap = std::map<std::string, std::map<std::string, std::string>>;

/// "host" (cpu, cores, memory_bytes) and "os" (name, kernel). Nothing that names the machine or
/// its user. Reads /proc and /etc below `root`.
FactMap host_facts(const std::filesystem::path& root = "/");

/// "gpu" (name, uuid, pci_bus_id, vbios, limits, modes) and "driver" (version, cuda).
FactMap gpu_facts(const Nvml& nvml, const NvmlDevice& device);

/// What moves or can be set on a GPU, at one moment.
struct MachineState {
  std::string name;
  std::string uuid;
  std::optional<double> sm_clock_hz;
  std::optional<double> max_sm_clock_hz;
  std::optional<double> application_sm_clock_hz;
  std::optional<double> default_application_sm_clock_hz;
  std::optional<double> memory_clock_hz;
  std::optional<double> max_memory_clock_hz;
  std::optional<double> power_w;
  std::optional<double> power_limit_w;
  std::optional<double> default_power_limit_w;
  std::optional<double> energy_j;
  std::optional<double> temperature_c;
  std::optional<double> memory_temperature_c;
  std::optional<ClocksEvents> clocks_events;
  std::optional<SlowdownSeconds> slowdown_s;
  std::optional<bool> ecc_enabled;
  std::optional<std::uint64_t> ecc_uncorrected;
  std::optional<bool> mig_enabled;
  std::optional<bool> persistence_enabled;
  std::optional<std::string> compute_mode;
  std::optional<Utilization> utilization;
  std::optional<DeviceMemory> memory;
  std::optional<std::vector<GpuProcess>> processes;
};

MachineState machine_state(const NvmlDevice& device);

/// Process `root_pid` and all that descend from it, as /proc below `root` shows them; `root_pid`
/// alone where it shows none.
std::vector<int> process_tree(int root_pid, const std::filesystem::path& root = "/");

enum class Severity {
  warning, ///< makes a measurement noisier, or comparable with fewer baselines
  error,   ///< makes it invalid
};

struct Finding {
  Severity severity = Severity::warning;
  std::string line; ///< what is wrong
  std::string mend; ///< what to do about it

  bool operator==(const Finding&) const = default;
};

bool has_error(const std::vector<Finding>& findings);

/// The processes that are not the measurement's own, `own_pids`.
///
/// In a container the driver may list an own process under a pid that /proc does not know. As many
/// nameless processes as own pids are missing from the list are therefore taken to be own.
std::vector<GpuProcess> foreign_processes(const std::vector<GpuProcess>& processes,
                                          const std::vector<int>& own_pids);

/// Whether the SM clock is held at one value by hand, which NVML cannot be asked for: the driver
/// says so, or it gives no reason for a clock that is far from the highest. The GPU must be busy.
bool looks_locked(const std::optional<ClocksEvents>& events, std::optional<double> sm_clock_hz,
                  std::optional<double> max_sm_clock_hz);

/// What would spoil a measurement on a GPU in this state, errors first. `own_pids` are the
/// measurement's own processes; `other_bench` is GpuLock::holder(), asked before locking.
/// SwPowerCap is no finding: a busy H200 is at its power limit nearly always.
std::vector<Finding> spoilers(const MachineState& state, const std::vector<int>& own_pids = {},
                              const std::optional<LockHolder>& other_bench = std::nullopt);

/// What spoiled a measurement whose readings showed these events: slowdowns by heat, hardware or
/// power supply. Each once, however many readings showed it.
std::vector<Finding> spoilers_during(const std::vector<ClocksEvents>& seen);

/// Who else is on the GPU: foreign processes, and memory that none of the visible ones has.
std::vector<Finding> others_on(const MachineState& state, const std::vector<int>& own_pids);

/// What spoiled a measurement between two states though neither shows it: slowdowns that came and
/// went, new memory errors, a power limit, application clock or MIG mode that was changed.
std::vector<Finding> spoilers_between(const MachineState& before, const MachineState& after);

} // namespace bench::machine
