#pragma once

#include <bench/device/device.h>
#include <bench/device/tensor.h>
#include <bench/measure/progress.h>
#include <bench/measure/sampler.h>
#include <bench/scenario/scenario.h>
#include <kernels/reference/accuracy.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Kernel cases, driven by Google Benchmark: cases are registered at run time, times are handed to
/// it (manual time), its flags and its output files work as its users know them.
namespace bench::kernel_bench {

/// Seconds after which a kernel is warm, whatever longer warm-up loops need.
inline constexpr double kLongestWarmUp = 0.1;

/// One timed region of launches.
struct RegionSample {
  measure::Span span; ///< of the region
  int launches = 1;   ///< in the region
  int placement = 0;  ///< which place of the buffers, from 0
  int region = 0;     ///< which region in it, from 0

  double launch_s() const { return span.t_s / launches; }
};

/// A kernel case to time, and a known change of it: so many more launches in a region, as a share
/// of those that count (a multiple of 0.01 %).
struct KernelRun {
  scenario::Case work;
  double extra_launches = 0;
};

/// What came of one case.
struct Outcome {
  const scenario::Case* work = nullptr; ///< of a KernelRun
  std::exception_ptr error;             ///< why it has no samples; else nothing
  std::vector<RegionSample> samples;
  int sets = 1;               ///< of buffers, rotated
  double copy_s = 0;          ///< of copying as many bytes once, measured in the same process
  double bytes = 0, flop = 0; ///< of a launch, modelled
  kernels::reference::Accuracy accuracy;
  device::Digest digest;
  device::KernelCounts kernels; ///< of one launch
  std::int64_t peak_memory = 0;
  std::int64_t displaced_bytes = 0; ///< of its buffers, for which its places had no room
  measure::WarmUp warm_up;
  double prepare_s = 0, capture_s = 0, samples_s = 0, check_s = 0; ///< host seconds
};

/// Memory for the buffers of kernel cases, and of loops. To be taken before the process has
/// anything else on the device, then these lie at places of their own. None where it is not free.
std::unique_ptr<device::Arena> make_arena(device::Device& device);

/// Runs them in order, in `arena` (nullptr: each case says why), and hands each outcome to `sink`
/// when it is there.
/// `flags` are Google Benchmark's own (`--benchmark_filter=...`,
/// `--benchmark_out=...`); throws UsageError for one it does not know. A repetition is a placement
/// in memory: sampling.placements of them, unless a flag asks for others, share sampling.regions
/// regions. Throws Interrupted after the case that a signal ended, InvalidError never (it is an
/// outcome's error).
void run(const std::vector<KernelRun>& runs, const scenario::Sampling& sampling, std::uint64_t seed,
         const std::vector<std::string>& flags, device::Device& device, device::Arena* arena,
         measure::Progress& progress, const std::function<void(Outcome)>& sink);

} // namespace bench::kernel_bench
