#include <bench/machine/machine.h>

#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace bench::machine {
namespace {

/// The value behind the first "key : value" or "key=value" line with that key; "" when there is
/// none.
std::string value_in(const std::filesystem::path& path, std::string_view key, char separator) {
  constexpr std::string_view kAround = " \t\"";
  const auto trim = [&](std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kAround);
    return begin == std::string_view::npos
               ? std::string_view()
               : text.substr(begin, text.find_last_not_of(kAround) - begin + 1);
  };
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(separator);
    if (at != std::string::npos && trim(std::string_view(line).substr(0, at)) == key)
      return std::string(trim(std::string_view(line).substr(at + 1)));
  }
  return "";
}

/// What this process may use, which is fewer than the machine has under taskset and in a cpuset.
int usable_cores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

class FactWriter {
 public:
  explicit FactWriter(std::map<std::string, std::string>& facts) : facts_(facts) {}

  void text(const char* key, const std::optional<std::string>& value) {
    if (value && !value->empty())
      facts_[key] = *value;
  }
  void number(const char* key, std::optional<double> value) {
    if (value)
      facts_[key] = fmt::format("{:.0f}", *value);
  }
  void on_off(const char* key, std::optional<bool> value) {
    if (value)
      facts_[key] = *value ? "on" : "off";
  }

 private:
  std::map<std::string, std::string>& facts_;
};

} // namespace

FactMap host_facts(const std::filesystem::path& root) {
  FactMap facts;
  FactWriter host(facts["host"]);
  host.text("cpu", value_in(root / "proc/cpuinfo", "model name", ':'));
  host.number("cores", static_cast<double>(usable_cores()));
  const std::string memory = value_in(root / "proc/meminfo", "MemTotal", ':'); // "131072 kB"
  std::uint64_t kib = 0;
  if (std::from_chars(memory.data(), memory.data() + memory.size(), kib).ec == std::errc())
    host.number("memory_bytes", static_cast<double>(kib) * 1024);

  FactWriter os(facts["os"]);
  os.text("name", value_in(root / "etc/os-release", "PRETTY_NAME", '='));
  utsname kernel{};
  if (uname(&kernel) == 0)
    os.text("kernel", std::string(kernel.release));
  return facts;
}

FactMap gpu_facts(const Nvml& nvml, const NvmlDevice& device) {
  FactMap facts;
  FactWriter gpu(facts["gpu"]);
  gpu.text("name", device.name());
  gpu.text("uuid", device.uuid());
  gpu.text("pci_bus_id", device.pci_bus_id());
  gpu.text("vbios", device.vbios());
  gpu.text("compute_capability", device.compute_capability());
  gpu.number("power_limit_w", device.power_limit_w());
  gpu.number("default_power_limit_w", device.default_power_limit_w());
  gpu.number("max_sm_clock_hz", device.clock_hz(ClockDomain::sm, ClockKind::max));
  gpu.number("max_memory_clock_hz", device.clock_hz(ClockDomain::memory, ClockKind::max));
  gpu.number("application_sm_clock_hz", device.clock_hz(ClockDomain::sm, ClockKind::application));
  gpu.on_off("ecc", device.ecc_enabled());
  gpu.on_off("mig", device.mig_enabled());
  gpu.on_off("persistence", device.persistence_enabled());
  gpu.text("compute_mode", device.compute_mode());
  if (const auto memory = device.memory())
    gpu.number("memory_bytes", static_cast<double>(memory->total_bytes));

  FactWriter driver(facts["driver"]);
  driver.text("version", nvml.driver_version());
  driver.text("cuda", nvml.cuda_version());
  return facts;
}

MachineState machine_state(const NvmlDevice& device) {
  MachineState state;
  state.name = device.name().value_or("");
  state.uuid = device.uuid().value_or("");
  state.sm_clock_hz = device.clock_hz(ClockDomain::sm, ClockKind::now);
  state.max_sm_clock_hz = device.clock_hz(ClockDomain::sm, ClockKind::max);
  state.application_sm_clock_hz = device.clock_hz(ClockDomain::sm, ClockKind::application);
  state.default_application_sm_clock_hz =
      device.clock_hz(ClockDomain::sm, ClockKind::default_application);
  state.memory_clock_hz = device.clock_hz(ClockDomain::memory, ClockKind::now);
  state.max_memory_clock_hz = device.clock_hz(ClockDomain::memory, ClockKind::max);
  state.power_w = device.power_w();
  state.power_limit_w = device.power_limit_w();
  state.default_power_limit_w = device.default_power_limit_w();
  state.energy_j = device.energy_j();
  state.temperature_c = device.temperature_c();
  state.memory_temperature_c = device.memory_temperature_c();
  state.clocks_events = device.clocks_events();
  state.slowdown_s = device.slowdown_s();
  state.ecc_enabled = device.ecc_enabled();
  state.ecc_uncorrected = device.ecc_uncorrected();
  state.mig_enabled = device.mig_enabled();
  state.persistence_enabled = device.persistence_enabled();
  state.compute_mode = device.compute_mode();
  state.utilization = device.utilization();
  state.memory = device.memory();
  state.processes = device.processes();
  return state;
}

std::vector<int> process_tree(int root_pid, const std::filesystem::path& root) {
  std::multimap<int, int> children;
  std::error_code ignored; // a process may end while it is looked at
  for (const auto& entry : std::filesystem::directory_iterator(root / "proc", ignored)) {
    const int pid = std::atoi(entry.path().filename().c_str());
    std::ifstream file(entry.path() / "stat"); // "4711 (a name) S 4710 ..."
    std::string stat;
    if (pid <= 0 || !std::getline(file, stat))
      continue;
    char state = 0;
    int parent = 0;
    std::istringstream(stat.substr(stat.rfind(')') + 1)) >> state >> parent;
    children.emplace(parent, pid);
  }
  std::vector<int> tree{root_pid};
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const auto [begin, end] = children.equal_range(tree[i]);
    std::transform(begin, end, std::back_inserter(tree),
                   [](const auto& one) { return one.second; });
  }
  return tree;
}

} // namespace bench::machine
