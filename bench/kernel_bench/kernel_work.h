#pragma once

#include <bench/device/device.h>
#include <bench/device/tensor.h>
#include <bench/scenario/scenario.h>
#include <kernels/reference/accuracy.h>

#include <cstdint>
#include <memory>

namespace bench::kernel_bench {

/// One kernel on rotating buffers, ready to be launched.
class KernelWork {
 public:
  virtual ~KernelWork() = default;
  /// Enqueues one launch that reads set `set` and leaves its output there.
  virtual void launch(int set) = 0;
  /// Holds the output that launch(0) last left against fp64. Synchronises.
  virtual kernels::reference::Accuracy accuracy() = 0;
  virtual device::Digest digest() = 0;
  virtual double bytes() const = 0; ///< least traffic of a launch, modelled
  virtual double flop() const = 0;  ///< of a launch
};

/// Bytes of the activations that one launch reads and writes.
std::int64_t footprint(const scenario::KernelCase& kernel);

/// Makes the buffers of `sets` sets: random normal input from `seed`. Throws UsageError for a path
/// that does not exist, UnavailableError when the device lacks the memory, `reserved_bytes` of
/// which are not free but kept for this.
std::unique_ptr<KernelWork> make_work(const scenario::KernelCase& kernel, int sets,
                                      std::uint64_t seed, device::Device& device,
                                      std::int64_t reserved_bytes = 0);

} // namespace bench::kernel_bench
