#include <bench/profile/range_profiler.h>

#include <gtest/gtest.h>

#include <stdexcept>

namespace bench::profile {
namespace {

/// What the fake GPU did, and what it is to do.
struct Gpu {
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
} gpu;

CUpti_Profiler_Host_Object* const kHost = reinterpret_cast<CUpti_Profiler_Host_Object*>(&gpu);
CUpti_RangeProfiler_Object* const kProfiler = reinterpret_cast<CUpti_RangeProfiler_Object*>(&gpu);

/// CUPTI takes no struct that does not begin with its size.
template <typename Params>
CUptiResult taken(const Params* params) {
  return params->structSize == 0 ? CUPTI_ERROR_INVALID_PARAMETER : CUPTI_SUCCESS;
}

Cupti fake() {
  gpu = {};
  Cupti cupti;
  CuptiApi& api = cupti.api;
  api.get_version = [](std::uint32_t* version) {
    *version = CUPTI_API_VERSION;
    return CUPTI_SUCCESS;
  };
  api.result_string = [](CUptiResult, const char** text) {
    *text = "a result of the fake";
    return CUPTI_SUCCESS;
  };
  api.current_context = [](CUcontext* context) {
    *context = reinterpret_cast<CUcontext>(&gpu);
    return CUDA_SUCCESS;
  };
  api.profiler_initialize = [](CUpti_Profiler_Initialize_Params* p) {
    ++gpu.open;
    return taken(p);
  };
  api.profiler_deinitialize = [](CUpti_Profiler_DeInitialize_Params* p) {
    --gpu.open;
    return taken(p);
  };
  api.chip_name = [](CUpti_Device_GetChipName_Params* p) {
    p->pChipName = "GH100";
    return taken(p);
  };
  api.counter_availability = [](CUpti_Profiler_GetCounterAvailability_Params* p) {
    p->counterAvailabilityImageSize = 16;
    return gpu.on_availability;
  };
  api.host_initialize = [](CUpti_Profiler_Host_Initialize_Params* p) {
    ++gpu.open;
    p->pHostObject = kHost;
    return taken(p);
  };
  api.host_deinitialize = [](CUpti_Profiler_Host_Deinitialize_Params* p) {
    --gpu.open;
    return taken(p);
  };
  api.host_add_metrics = [](CUpti_Profiler_Host_ConfigAddMetrics_Params* p) {
    return p->numMetrics == 4 ? taken(p) : CUPTI_ERROR_INVALID_PARAMETER;
  };
  api.host_config_size = [](CUpti_Profiler_Host_GetConfigImageSize_Params* p) {
    p->configImageSize = 8;
    return taken(p);
  };
  api.host_config = [](CUpti_Profiler_Host_GetConfigImage_Params* p) { return taken(p); };
  api.host_evaluate = [](CUpti_Profiler_Host_EvaluateToGpuValues_Params* p) {
    const double kernel = static_cast<double>(p->rangeIndex) + 1;
    p->pMetricValues[0] = kernel * 1e6;
    p->pMetricValues[1] = kernel * 2e6;
    p->pMetricValues[2] = 50;
    p->pMetricValues[3] = 12.5;
    return taken(p);
  };
  api.range_enable = [](CUpti_RangeProfiler_Enable_Params* p) {
    if (gpu.on_enable == CUPTI_SUCCESS) {
      ++gpu.open;
      p->pRangeProfilerObject = kProfiler;
    }
    return gpu.on_enable;
  };
  api.range_disable = [](CUpti_RangeProfiler_Disable_Params* p) {
    --gpu.open;
    return taken(p);
  };
  api.range_data_size = [](CUpti_RangeProfiler_GetCounterDataSize_Params* p) {
    p->counterDataSize = 32;
    return taken(p);
  };
  api.range_data_initialize = [](CUpti_RangeProfiler_CounterDataImage_Initialize_Params* p) {
    return taken(p);
  };
  api.range_set_config = [](CUpti_RangeProfiler_SetConfig_Params* p) {
    gpu.passes_done = 0;
    gpu.mode = p->range;
    const bool fits =
        p->replayMode == CUPTI_UserReplay && p->numNestingLevels == 1 && p->minNestingLevel == 1 &&
        (p->range == CUPTI_AutoRange || (p->maxRangesPerPass == 1 && p->targetNestingLevel == 1));
    return fits ? taken(p) : CUPTI_ERROR_INVALID_PARAMETER;
  };
  api.range_start = [](CUpti_RangeProfiler_Start_Params*) {
    if (gpu.in_pass)
      return CUPTI_ERROR_INVALID_OPERATION;
    gpu.in_pass = gpu.on_start == CUPTI_SUCCESS;
    gpu.ranges = 0;
    return gpu.on_start;
  };
  api.range_push = [](CUpti_RangeProfiler_PushRange_Params* p) {
    if (!gpu.in_pass || gpu.mode != CUPTI_UserRange || !p->pRangeName)
      return CUPTI_ERROR_INVALID_OPERATION;
    gpu.in_range = gpu.on_push == CUPTI_SUCCESS;
    return gpu.on_push == CUPTI_SUCCESS ? taken(p) : gpu.on_push;
  };
  api.range_pop = [](CUpti_RangeProfiler_PopRange_Params* p) {
    if (!gpu.in_range)
      return CUPTI_ERROR_INVALID_OPERATION;
    gpu.in_range = false;
    gpu.ranges += gpu.on_pop == CUPTI_SUCCESS;
    return gpu.on_pop == CUPTI_SUCCESS ? taken(p) : gpu.on_pop;
  };
  api.range_stop = [](CUpti_RangeProfiler_Stop_Params* p) {
    gpu.in_pass = false;
    p->isAllPassSubmitted = ++gpu.passes_done == gpu.passes;
    return taken(p);
  };
  api.range_decode = [](CUpti_RangeProfiler_DecodeData_Params* p) {
    p->numOfRangeDropped = gpu.dropped;
    return taken(p);
  };
  api.range_data_info = [](CUpti_RangeProfiler_GetCounterDataInfo_Params* p) {
    p->numTotalRanges = gpu.mode == CUPTI_UserRange ? gpu.ranges : gpu.kernels;
    return taken(p);
  };
  return cupti;
}

TEST(RangeProfiler, RunsTheWorkInPassesAndReadsEachKernel) {
  {
    RangeProfiler profiler(fake());
    ASSERT_EQ(profiler.fault(), "");
    for (int time = 0; time < 2; ++time) { // the second time as the first
      int before = 0, work = 0;
      const auto counted = profiler.count(
          [&] {
            EXPECT_FALSE(gpu.in_pass);
            ++before;
          },
          [&] {
            EXPECT_TRUE(gpu.in_pass);
            ++work;
          });
      EXPECT_EQ(counted.fault, "");
      EXPECT_EQ(before, 3);
      EXPECT_EQ(work, 3);
      ASSERT_EQ(counted.kernels.size(), 2u);
      EXPECT_DOUBLE_EQ(counted.kernels[1].dram_read_bytes, 2e6);
      EXPECT_DOUBLE_EQ(counted.kernels[1].dram_written_bytes, 4e6);
      EXPECT_DOUBLE_EQ(counted.kernels[0].l2_hit_rate, 0.5);
      EXPECT_DOUBLE_EQ(counted.kernels[0].tensor_utilization, 0.125);
    }
  }
  EXPECT_EQ(gpu.open, 0) << "all is given back";
}

TEST(RangeProfiler, AStepIsOneRangeOfEachPass) {
  {
    RangeProfiler profiler(fake());
    for (int time = 0; time < 2; ++time) {
      int before = 0, work = 0;
      const auto whole = profiler.count_whole(
          [&] {
            EXPECT_FALSE(gpu.in_pass || gpu.in_range);
            ++before;
          },
          [&] {
            EXPECT_TRUE(gpu.in_pass && gpu.in_range);
            ++work;
          });
      EXPECT_EQ(whole.fault, "");
      EXPECT_EQ(before, 3);
      EXPECT_EQ(work, 3);
      ASSERT_TRUE(whole.counters.has_value());
      EXPECT_DOUBLE_EQ(whole.counters->dram_read_bytes, 1e6);
      EXPECT_DOUBLE_EQ(whole.counters->dram_written_bytes, 2e6);
      EXPECT_DOUBLE_EQ(whole.counters->l2_hit_rate, 0.5);
      EXPECT_DOUBLE_EQ(whole.counters->tensor_utilization, 0.125);
      EXPECT_EQ(profiler.count([] {}, [] {}).kernels.size(), 2u) << "and kernels in turn";
    }
  }
  EXPECT_EQ(gpu.open, 0);
}

TEST(RangeProfiler, AStepThatCannotBeCountedDoesNotSpoilTheNext) {
  RangeProfiler profiler(fake());
  const auto fault = [&] {
    const auto whole = profiler.count_whole([] {}, [] {});
    EXPECT_EQ(whole.counters.has_value(), whole.fault.empty());
    return whole.fault;
  };
  gpu.on_push = CUPTI_ERROR_UNKNOWN;
  EXPECT_EQ(fault(), "CUPTI: beginning a range: a result of the fake (999)");
  gpu.on_push = CUPTI_SUCCESS;
  gpu.on_pop = CUPTI_ERROR_UNKNOWN;
  EXPECT_EQ(fault(), "CUPTI: ending a range: a result of the fake (999)");
  gpu.on_pop = CUPTI_SUCCESS;
  gpu.dropped = 1;
  EXPECT_EQ(fault(), "CUPTI dropped the counters of 1 ranges");
  gpu.dropped = 0;
  EXPECT_THROW(profiler.count_whole([] {}, [] { throw std::runtime_error("out of memory"); }),
               std::runtime_error);
  EXPECT_FALSE(gpu.in_pass || gpu.in_range);
  EXPECT_EQ(fault(), "");
}

TEST(RangeProfiler, NotPermitted) {
  const Cupti cupti = fake();
  gpu.on_enable = CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
  {
    RangeProfiler profiler(cupti);
    EXPECT_NE(profiler.fault().find("only administrators"), std::string::npos) << profiler.fault();
    const auto counted = profiler.count([] { FAIL(); }, [] { FAIL(); });
    EXPECT_EQ(counted.fault, profiler.fault());
    EXPECT_TRUE(counted.kernels.empty());
    const auto whole = profiler.count_whole([] { FAIL(); }, [] { FAIL(); });
    EXPECT_EQ(whole.fault, profiler.fault());
    EXPECT_FALSE(whole.counters.has_value());
  }
  EXPECT_EQ(gpu.open, 0);
  gpu.on_enable = CUPTI_SUCCESS;
  gpu.on_availability = CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED;
  EXPECT_NE(RangeProfiler(cupti).fault().find("virtual"), std::string::npos);
  EXPECT_EQ(gpu.open, 0);
}

TEST(RangeProfiler, WhatCannotBeCountedDoesNotSpoilTheNext) {
  RangeProfiler profiler(fake());
  gpu.dropped = 5;
  EXPECT_EQ(profiler.count([] {}, [] {}).fault, "CUPTI dropped the counters of 5 ranges");
  gpu.dropped = 0;
  gpu.on_start = CUPTI_ERROR_HARDWARE_BUSY;
  EXPECT_EQ(profiler.count([] {}, [] {}).fault,
            "CUPTI: starting a pass: a result of the fake (26)");
  gpu.on_start = CUPTI_SUCCESS;
  gpu.passes = -1; // never whole
  EXPECT_EQ(profiler.count([] {}, [] {}).fault,
            "CUPTI: the counters were not whole after 200 passes");
  gpu.passes = 1;
  EXPECT_EQ(profiler.count([] {}, [] {}).fault, "");
}

TEST(RangeProfiler, NoneAnotherVersionOrNoContext) {
  EXPECT_EQ(RangeProfiler({.api = {}, .fault = "there is none"}).fault(), "there is none");
  Cupti cupti = fake();
  cupti.api.range_stop = nullptr;
  EXPECT_EQ(RangeProfiler(cupti).fault(), "libcupti.so.13 lacks the range profiler");
  cupti = fake();
  cupti.api.get_version = [](std::uint32_t* version) {
    *version = 120800;
    return CUPTI_SUCCESS;
  };
  EXPECT_NE(RangeProfiler(cupti).fault().find("CUPTI 12.8"), std::string::npos);
  cupti = fake();
  cupti.api.current_context = nullptr;
  EXPECT_EQ(RangeProfiler(cupti).fault(), "no CUDA context whose kernels could be counted");
}

} // namespace
} // namespace bench::profile
