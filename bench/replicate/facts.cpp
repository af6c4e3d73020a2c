#include <bench/machine/machine.h>
#include <bench/replicate/facts.h>
#include <bench/version/version.h>
#include <kernels/paths.h>

#include <fmt/format.h>

namespace bench::replicate {

device::Facts software_facts(device::Device& device) {
  device::Facts facts = device::library_facts(device);
  if (device.kind() == scenario::DeviceKind::cuda)
    facts["libraries"].merge(kernels::compiler_versions());
  return facts;
}

void describe_machine(results::Result& result, device::Device& device) {
  result.tool_version = version().tool;
  result.git_sha = version().git_sha;
  result.git_dirty = version().git_dirty;
  result.device = to_string(device.kind());
  result.machine = machine::host_facts();
  if (device.kind() == scenario::DeviceKind::cuda) {
    const machine::Nvml nvml = machine::Nvml::load();
    if (const auto gpu = nvml.device(device.uuid()))
      result.machine.merge(machine::gpu_facts(nvml, *gpu));
    auto& gpu = result.machine["gpu"]; // what CUDA knows, should NVML not be there
    gpu.try_emplace("name", device.name());
    gpu.try_emplace("uuid", device.uuid());
    gpu["l2_bytes"] = fmt::format("{}", device.l2_bytes());
  }
  result.settings = software_facts(device);
  if (auto libraries = result.settings.extract("libraries"))
    result.machine.insert(std::move(libraries));
}

} // namespace bench::replicate
