#include <bench/doctor/doctor.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace bench::doctor {
namespace {

using machine::FactMap;
using machine::Finding;
using machine::GpuProcess;
using machine::MachineState;
using machine::Severity;

constexpr double kMib = 1024.0 * 1024.0;
constexpr double kGib = 1024.0 * kMib;

class Text {
 public:
  void heading(std::string_view line) { add("\n{}\n", line); }
  /// "  name          value"; nothing when the value is not known.
  void row(std::string_view name, std::string_view value) {
    if (!value.empty())
      add("  {:<13} {}\n", name, value);
  }
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

/// The parts that are known, joined.
std::string joined(std::vector<std::string> parts, std::string_view separator = ", ") {
  std::erase(parts, std::string());
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string fact(const FactMap& facts, const char* topic, const char* key,
                 fmt::format_string<const std::string&> format) {
  const auto found = facts.find(topic);
  if (found == facts.end() || !found->second.contains(key))
    return "";
  return fmt::format(format, found->second.at(key));
}

std::string quantity(std::optional<double> value, double unit, fmt::format_string<double> format) {
  return value ? fmt::format(format, *value / unit) : "";
}

std::string on_off(std::string_view name, std::optional<bool> on) {
  return on ? fmt::format("{} {}", name, *on ? "on" : "off") : "";
}

std::string describe(const GpuProcess& process) {
  std::string memory;
  if (process.memory_bytes)
    memory = fmt::format(", {:.0f} MiB", static_cast<double>(*process.memory_bytes) / kMib);
  return fmt::format("{} {} ({}{})", process.pid,
                     process.name.empty() ? "not visible from here" : process.name,
                     to_string(process.kind), memory);
}

std::string processes(const MachineState& state) {
  if (!state.processes)
    return "";
  std::vector<std::string> lines;
  for (const GpuProcess& process : *state.processes)
    lines.push_back(describe(process));
  return lines.empty() ? "none" : joined(std::move(lines));
}

std::string clocks_events(const MachineState& state) {
  if (!state.clocks_events)
    return "";
  return state.clocks_events->empty()
             ? "as high as possible"
             : fmt::format("lowered by {}", fmt::join(state.clocks_events->names(), " "));
}

void render_machine(const FactMap& host, Text& text) {
  text.heading("machine");
  std::string memory = fact(host, "host", "memory_bytes", "{}");
  if (!memory.empty())
    memory = fmt::format("{:.0f} GiB", std::stod(memory) / kGib);
  text.row("cpu", joined({fact(host, "host", "cpu", "{}"),
                          fact(host, "host", "cores", "{} cores usable")}));
  text.row("memory", memory);
  text.row("os", joined({fact(host, "os", "name", "{}"), fact(host, "os", "kernel", "kernel {}")}));
}

void render_gpu(const Report& report, Text& text) {
  text.heading("GPU");
  if (!report.gpu) {
    text.row("none", report.no_gpu);
  } else {
    const FactMap& facts = report.gpu->facts;
    const MachineState& state = report.gpu->state;
    text.row("name", joined({state.name,
                             fact(facts, "gpu", "compute_capability", "compute capability {}")}));
    text.row("uuid", state.uuid);
    text.row("place", joined({fact(facts, "gpu", "pci_bus_id", "PCI {}"),
                              fact(facts, "gpu", "vbios", "VBIOS {}")}));
    text.row("driver", joined({fact(facts, "driver", "version", "{}"),
                               fact(facts, "driver", "cuda", "runs CUDA up to {}")}));
    text.row("SM clock", joined({joined({quantity(state.sm_clock_hz, 1e6, "{:.0f} MHz"),
                                         quantity(state.max_sm_clock_hz, 1e6, "of {:.0f} MHz")},
                                        " "),
                                 clocks_events(state)}));
    text.row("memory clock", joined({quantity(state.memory_clock_hz, 1e6, "{:.0f} MHz"),
                                     quantity(state.max_memory_clock_hz, 1e6, "of {:.0f} MHz")},
                                    " "));
    text.row("power", joined({quantity(state.power_w, 1, "{:.0f} W"),
                              quantity(state.power_limit_w, 1, "limit {:.0f} W"),
                              quantity(state.default_power_limit_w, 1, "default {:.0f} W")}));
    text.row("temperature", joined({quantity(state.temperature_c, 1, "GPU {:.0f} C"),
                                    quantity(state.memory_temperature_c, 1, "memory {:.0f} C")}));
    if (state.memory) {
      text.row("memory",
               fmt::format("{:.0f} of {:.0f} MiB used{}",
                           static_cast<double>(state.memory->used_bytes) / kMib,
                           static_cast<double>(state.memory->total_bytes) / kMib,
                           state.memory->reserved_bytes ? "" : ", the driver's among it"));
    }
    text.row("modes", joined({on_off("ECC", state.ecc_enabled), on_off("MIG", state.mig_enabled),
                              on_off("persistence", state.persistence_enabled),
                              state.compute_mode ? "compute mode " + *state.compute_mode : ""}));
    text.row("processes", processes(state));
  }
  for (const std::string& other : report.other_gpus)
    text.row("not chosen", other);
}

void render_libraries(const FactMap& libraries, Text& text) {
  for (const auto& [topic, facts] : libraries) {
    text.heading(topic);
    for (const auto& [key, value] : facts)
      text.row(key, value);
  }
}

/// What the driver did not tell, so that "nothing found" claims no more than was looked at.
std::vector<std::string> not_checked(const MachineState& state) {
  std::vector<std::string> names;
  const auto check = [&](bool known, const char* name) {
    if (!known)
      names.emplace_back(name);
  };
  check(state.processes.has_value(), "processes");
  check(state.memory.has_value(), "memory used by others");
  check(state.clocks_events.has_value(), "slowdown of the clocks");
  check(state.power_limit_w && state.default_power_limit_w, "power limit");
  check(state.mig_enabled.has_value(), "MIG");
  check(state.ecc_uncorrected.has_value(), "memory errors");
  return names;
}

void render_findings(const Report& report, Text& text) {
  text.heading("what would spoil a measurement here");
  for (const Finding& finding : report.findings) {
    text.add("  {} {}\n         mend: {}\n",
             finding.severity == Severity::error ? "[fail]" : "[warn]", finding.line, finding.mend);
  }
  if (report.findings.empty())
    text.add("  [ok]   nothing found\n");
  if (report.gpu && report.cuda_build) {
    const std::vector<std::string> unknown = not_checked(report.gpu->state);
    if (!unknown.empty())
      text.add("  [?]    not told by the driver: {}\n", fmt::join(unknown, ", "));
  }
}

std::string verdict(const Report& report) {
  const auto errors =
      std::count_if(report.findings.begin(), report.findings.end(),
                    [](const Finding& finding) { return finding.severity == Severity::error; });
  if (exit_code(report) != ExitCode::ok) {
    return errors == 1 ? fmt::format("not ready: {}", report.findings.front().line)
                       : fmt::format("not ready: {} errors, see above", errors);
  }
  if (!report.gpu)
    return "no GPU: the cpu profile runs";
  if (!report.cuda_build)
    return "no CUDA: this build only runs the cpu profile; build with the preset `cuda`";
  const auto warnings = static_cast<long>(report.findings.size()) - errors;
  return fmt::format("ready: {} ({}){}", report.gpu->state.name, report.gpu->state.uuid,
                     warnings == 0   ? ""
                     : warnings == 1 ? ", with 1 warning"
                                     : fmt::format(", with {} warnings", warnings));
}

} // namespace

std::string render(const Report& report) {
  Text text;
  text.add("bench doctor\n");
  render_machine(report.host, text);
  render_gpu(report, text);
  render_libraries(report.libraries, text);
  render_findings(report, text);
  text.add("\n{}\n", verdict(report));
  return std::move(text).take();
}

} // namespace bench::doctor
