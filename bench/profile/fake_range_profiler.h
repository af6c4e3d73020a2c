#pragma once

#include <bench/profile/cupti_api.h>

#include <cstddef>
#include <optional>

/// A range profiler for tests, of a GPU that is not there: each range moves a million bytes more
/// than the one before it, and writes twice what it reads.
namespace bench::profile {

/// What the fake GPU did, and what it is to do.
struct FakeGpu {
  CUptiResult on_availability = CUPTI_SUCCESS;
  CUptiResult on_enable = CUPTI_SUCCESS;
  CUptiResult on_start = CUPTI_SUCCESS;
  CUptiResult on_push = CUPTI_SUCCESS;
  CUptiResult on_pop = CUPTI_SUCCESS;
  int passes = 3;
  std::size_t kernels = 2, dropped = 0;

  int passes_done = 0, open = 0;
  bool in_pass = false, in_range = false;
  std::size_t ranges = 0; ///< that were pushed and popped in the last pass
  CUpti_ProfilerRange mode = CUPTI_AutoRange;
  std::optional<CUpti_ProfilerRange> first_mode; ///< since it was enabled
};

extern FakeGpu gpu;

/// CUPTI's functions on `gpu`, which begins anew.
Cupti fake_range_profiler();

} // namespace bench::profile
