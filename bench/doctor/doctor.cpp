#include <bench/doctor/doctor.h>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>

namespace bench::doctor {
namespace {

using machine::FactMap;
using machine::Finding;
using machine::Severity;

std::string label(const machine::NvmlDevice& device) {
  return fmt::format("{} ({})", device.name().value_or("GPU"), device.uuid().value_or("no UUID"));
}

std::string why_no_gpu(const machine::Nvml& nvml, const Places& places) {
  if (!nvml.available())
    return nvml.reason();
  const std::size_t present = nvml.devices().size();
  if (present == 0 || !places.cuda_visible_devices)
    return "the driver lists none";
  return fmt::format("CUDA_VISIBLE_DEVICES='{}' selects none of {}", *places.cuda_visible_devices,
                     present);
}

std::string fact(const FactMap& facts, const char* topic, const char* key) {
  const auto found = facts.find(topic);
  if (found == facts.end())
    return "";
  const auto value = found->second.find(key);
  return value == found->second.end() ? "" : value->second;
}

/// What a CUDA build needs of GPU and driver beyond a quiet moment.
void check_build(const FactMap& gpu_facts, std::vector<Finding>& findings) {
  const std::string capability = fact(gpu_facts, "gpu", "compute_capability");
  if (!capability.empty() && capability != "9.0") {
    findings.push_back({Severity::error,
                        fmt::format("the GPU has compute capability {}, and the kernels of this "
                                    "build run on 9.0 (Hopper)",
                                    capability),
                        "choose an H100 or H200 with CUDA_VISIBLE_DEVICES"});
  }
  const std::string cuda = fact(gpu_facts, "driver", "cuda");
  if (!cuda.empty() && std::atoi(cuda.c_str()) < 13) {
    findings.push_back({Severity::warning,
                        fmt::format("the driver runs CUDA {} and this build was made for 13", cuda),
                        "update the driver to 580 or newer, or install the cuda-compat package"});
  }
}

void ask_libraries(const Build& build, Report& report) {
  const bool on_gpu = report.gpu.has_value() && build.cuda;
  try {
    report.libraries = build.libraries(on_gpu);
  } catch (const std::exception& error) {
    const std::string_view what = error.what();
    report.findings.push_back(
        {Severity::error,
         fmt::format("torch cannot compute on the {}: {}", on_gpu ? "GPU" : "CPU",
                     what.substr(0, what.find('\n'))), // torch appends a stack trace
         on_gpu ? "see whether nvidia-smi works, and whether the driver is newer than the toolkit"
                : "run ci/setup again"});
  }
}

} // namespace

Places Places::of_this_process() {
  Places places;
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES"))
    places.cuda_visible_devices = visible;
  places.lock_folder = machine::GpuLock::lock_folder();
  return places;
}

Report examine(const machine::Nvml& nvml, const Build& build, const Places& places) {
  Report report;
  report.cuda_build = build.cuda;
  report.host = machine::host_facts(places.root);
  const auto device = machine::visible_device(nvml, places.cuda_visible_devices);
  if (device) {
    report.gpu = {machine::gpu_facts(nvml, *device), machine::machine_state(*device)};
    if (build.cuda) {
      const machine::MachineState& state = report.gpu->state;
      report.findings =
          machine::spoilers(state, {}, machine::GpuLock::holder(state.uuid, places.lock_folder));
      check_build(report.gpu->facts, report.findings);
    }
  } else {
    report.no_gpu = why_no_gpu(nvml, places);
  }
  for (const machine::NvmlDevice& other : nvml.devices())
    if (!device || other.uuid() != device->uuid())
      report.other_gpus.push_back(label(other));
  ask_libraries(build, report);
  std::stable_sort(report.findings.begin(), report.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return report;
}

ExitCode exit_code(const Report& report) {
  return machine::has_error(report.findings) ? ExitCode::unavailable : ExitCode::ok;
}

ExitCode print_report(std::FILE* out, const Build& build) {
  const Report report = examine(machine::Nvml::load(), build, Places::of_this_process());
  fmt::print(out, "{}", render(report));
  return exit_code(report);
}

} // namespace bench::doctor
