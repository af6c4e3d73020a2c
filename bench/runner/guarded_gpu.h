#pragma once

#include <bench/machine/gpu_lock.h>
#include <bench/scenario/scenario.h>

#include <optional>
#include <string>

namespace bench::runner {

/// The GPU of a run, locked against other benches, and what would spoil its measurements. This
/// process itself never opens it: its replicates do, one after the other.
class GuardedGpu {
 public:
  /// Throws UnavailableError where there is no such device or another bench uses it. Says on stderr
  /// what would spoil a measurement.
  explicit GuardedGpu(scenario::DeviceKind kind);
  /// For a machine without NVML: the first replicate says which GPU it is.
  void lock(const std::string& uuid);
  const std::string& spoiled() const { return spoiled_; } ///< why nothing counts; "" when it does

 private:
  std::optional<machine::GpuLock> lock_;
  std::string spoiled_;
};

} // namespace bench::runner
