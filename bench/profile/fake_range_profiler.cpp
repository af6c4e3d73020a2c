#include <bench/profile/fake_range_profiler.h>

namespace bench::profile {
namespace {

CUpti_Profiler_Host_Object* const kHost = reinterpret_cast<CUpti_Profiler_Host_Object*>(&gpu);
CUpti_RangeProfiler_Object* const kProfiler = reinterpret_cast<CUpti_RangeProfiler_Object*>(&gpu);

/// CUPTI takes no struct that does not begin with its size.
template <typename Params>
CUptiResult taken(const Params* params) {
  return params->structSize == 0 ? CUPTI_ERROR_INVALID_PARAMETER : CUPTI_SUCCESS;
}

} // namespace

FakeGpu gpu;

Cupti fake_range_profiler() {
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
      gpu.first_mode.reset();
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
    if (!gpu.first_mode)
      gpu.first_mode = p->range;
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
    if (gpu.first_mode != CUPTI_UserRange)
      return CUPTI_ERROR_INVALID_PARAMETER; // as the real one does
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

} // namespace bench::profile
