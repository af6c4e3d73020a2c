#pragma once

#include <bench/device/device.h>
#include <bench/scenario/scenario.h>

#include <cstdint>
#include <vector>

namespace bench::kernel_bench {

inline constexpr int kPages = 256; ///< of an arena, that places are drawn from

/// Where the buffers of a kernel lie at each of its `count` places, as offsets into a
/// device::Arena: the same for all paths of a shape, in every process and scenario, and for more
/// places the fewer again and others behind. Multiples of its pages, each once, unless there are
/// more places than kPages. Where buffers lie is worth up to 0.8 % of a kernel's time, of a launch
/// of microseconds up to 18 %.
std::vector<std::int64_t> places_of(const scenario::KernelCase& kernel, int count);

} // namespace bench::kernel_bench
