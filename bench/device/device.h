#pragma once

#include <bench/measure/marker.h>
#include <bench/scenario/scenario.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace c10 {
struct Device;
}

/// The device that a run measures on: its stream, its memory, recording of work. Hides whether it
/// is a CPU or a GPU from everything above.
namespace bench::device {

/// Kernel name (demangled, cut to 160 characters) -> launches.
using KernelCounts = std::map<std::string, std::int64_t>;

/// Work recorded once that can be run again with little host time: a CUDA graph.
class Recording {
 public:
  virtual ~Recording() = default;
  /// Enqueues the recorded work: same inputs, same outputs, same addresses.
  virtual void replay() = 0;
  /// The kernels of one replay; empty where they cannot be known (CPU).
  virtual KernelCounts kernels() const = 0;
};

/// While it lives, what this thread makes torch allocate, recordings included, lies one behind the
/// other in an arena. All of that must be gone before it is.
class Placement {
 public:
  virtual ~Placement() = default;
  /// Of what is allocated in it now, what the arena had no room for: it lies anywhere.
  virtual std::int64_t displaced_bytes() const = 0;
};

/// Memory that buffers are put into at chosen places. On a GPU, taken before anything else that not
/// every process does, it is the same memory in every process, and where buffers lie in it no
/// longer depends on what else a process allocates, nor does their speed.
class Arena {
 public:
  static constexpr std::int64_t kPageBytes = std::int64_t{2} << 20; ///< a GPU's

  virtual ~Arena() = default;
  virtual std::int64_t bytes() const = 0;
  /// What follows lies at `offset` bytes or behind and, where the arena is full, anywhere. One
  /// placement at a time.
  virtual std::unique_ptr<Placement> place(std::int64_t offset) = 0;
};

/// One device; work enqueued by the thread that opened it goes to the device's own stream. Torch
/// runs in inference mode while one is open.
class Device {
 public:
  virtual ~Device() = default;

  virtual scenario::DeviceKind kind() const = 0;
  virtual std::string name() const = 0;
  virtual std::string uuid() const = 0; ///< "GPU-..."; "" for a CPU
  virtual c10::Device torch_device() const = 0;

  /// A marker on this device's stream.
  virtual std::unique_ptr<measure::Marker> make_marker() = 0;

  /// Runs `work` once, then records it. What it allocates stays reserved while the recording lives.
  /// `work` must not synchronise nor depend on values of the host that change. On a CPU a replay
  /// just calls it again.
  virtual std::unique_ptr<Recording> record(const std::function<void()>& work) = 0;

  virtual void synchronize() = 0;

  /// Enqueues work that counts `cycles` of an SM's clock (of a 1 GHz one on a CPU) and does nothing
  /// else.
  virtual void spin(std::int64_t cycles) = 0;

  virtual std::int64_t free_memory() = 0;  ///< bytes that can be allocated now
  virtual std::int64_t total_memory() = 0; ///< bytes
  virtual std::int64_t l2_bytes() = 0;     ///< last-level cache
  /// Largest use by this process since the last call, bytes; 0 where unknown.
  virtual std::int64_t take_peak_memory() = 0;
  /// Gives memory that torch keeps in reserve back to the device.
  virtual void release_reserves() = 0;

  /// To be gone before the device is. Throws UnavailableError where so many bytes are not free. On
  /// a CPU it places nothing.
  virtual std::unique_ptr<Arena> make_arena(std::int64_t bytes) = 0;
};

/// Opens the CPU, or the first GPU that CUDA_VISIBLE_DEVICES leaves. Throws UnavailableError when
/// there is no GPU, its architecture is not the one this build is for, or the build has no CUDA.
std::unique_ptr<Device> open_device(scenario::DeviceKind kind);

/// "" when open_device(kind) would succeed, else why not, in one line.
std::string why_unavailable(scenario::DeviceKind kind);

} // namespace bench::device
