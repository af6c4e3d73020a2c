#include <bench/base/error.h>
#include <bench/device/device.h>
#include <bench/machine/machine.h>
#include <bench/runner/guarded_gpu.h>

#include <fmt/format.h>

namespace bench::runner {

GuardedGpu::GuardedGpu(scenario::DeviceKind kind) {
  if (const std::string why = device::why_unavailable(kind); !why.empty())
    throw UnavailableError(why);
  if (kind != scenario::DeviceKind::cuda)
    return;
  const auto gpu = machine::visible_device(machine::Nvml::load());
  if (!gpu)
    return;
  const machine::MachineState state = machine::machine_state(*gpu);
  lock(state.uuid);
  for (const machine::Finding& finding : machine::spoilers(state)) {
    const bool error = finding.severity == machine::Severity::error;
    fmt::print(stderr, "{}: {}: {}\n", error ? "error" : "warning", finding.line, finding.mend);
    if (error && spoiled_.empty())
      spoiled_ = finding.line;
  }
}

void GuardedGpu::lock(const std::string& uuid) {
  if (!lock_ && !uuid.empty())
    lock_.emplace(uuid);
}

} // namespace bench::runner
