#pragma once

#include <bench/device/device.h>
#include <bench/machine/machine.h>
#include <bench/machine/machine_trace.h>
#include <bench/measure/sampler.h>
#include <bench/results/result.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

/// The GPU around and while a case is measured, into its replicate. On a CPU there is nothing to
/// note.
namespace bench::replicate {

/// None on a CPU and where NVML is not there.
std::optional<machine::NvmlDevice> nvml_device(device::Device& device);

/// Notes the GPU's state and processes as "before" or "after" in `replicate`; what spoiled the
/// measurement, at either end or between, is a message, else "". Own processes are this one and
/// what it started.
class StateWatch {
 public:
  explicit StateWatch(std::optional<machine::NvmlDevice> gpu) : gpu_(std::move(gpu)) {}
  void before(results::Replicate& replicate);
  std::string after(results::Replicate& replicate);
  const std::optional<machine::NvmlDevice>& gpu() const { return gpu_; }

 private:
  /// Of others on the GPU; what spoils a measurement of it.
  std::string note(const char* when, const machine::MachineState& state,
                   results::Replicate& replicate) const;

  std::optional<machine::NvmlDevice> gpu_;
  machine::MachineState before_;
  std::string spoiled_before_;
};

/// What the GPU does while a loop is sampled: its trace, and joules. An exception or a signal that
/// ends the sampling ends the watch with its scope.
class SampleWatch {
 public:
  /// Nothing is read where `interval_s` is 0.
  SampleWatch(std::optional<machine::NvmlDevice> gpu, double interval_s);
  /// After the warm-up.
  void start();
  /// After the last sample. A message where the readings show what spoils a measurement, else "".
  std::string end(results::Replicate& replicate, const measure::Sampled& sampled);

 private:
  std::optional<machine::NvmlDevice> gpu_;
  double interval_s_;
  std::chrono::steady_clock::time_point started_;
  std::optional<machine::TraceRecorder> recorder_;
};

} // namespace bench::replicate
