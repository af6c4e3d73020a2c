#pragma once

#include <bench/device/device.h>

#include <cstdint>

namespace bench::kernel_bench {

/// Bytes that a kernel's launches read and write before one meets its own buffers again, so that it
/// finds nothing of its own in the cache: twice the last-level cache, and at least 200 MB. Also of
/// kernels whose buffers a model may keep there: launches that do so find all of them, some or
/// none, by what the process did before and where the buffers lie (kernels/README.md, What a launch
/// finds in the L2). A CPU, which is no place to time kernels, rotates a few MB.
std::int64_t bytes_between(device::Device& device);

/// Over how many sets of buffers launches rotate that read and write `bytes` bytes each, so that
/// `between` lie between two uses of the same: from 2 to 1,000, so that launches of less than
/// 200 kB have fewer bytes between: rms_norm of 144x128 in bf16 74 MB, of 6x3584 86 MB. That is
/// more than an H200's L2 (63 MB), but not twice as much.
int sets_for(std::int64_t bytes, std::int64_t between);

/// How a timed region is made of launches: `launches` recorded back to back, replayed `replays`
/// times.
struct Region {
  int launches = 1;
  int replays = 1;
  int extra = 0; ///< more launches behind them, which total() does not count
  int total() const { return launches * replays; }
};

/// A region of at least `least_s` for launches of about `launch_s` seconds, each recorded at most
/// 1,000 times and a multiple of the sets. With a share of extra launches, a multiple of 0.01 %,
/// as long as it takes for them to be a whole number.
Region region_for(double launch_s, double least_s, int sets, double extra_share = 0);

} // namespace bench::kernel_bench
