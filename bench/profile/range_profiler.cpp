#include <bench/profile/range_profiler.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace bench::profile {
namespace {

// In the order of results::Counters.
constexpr const char* kMetrics[] = {
    "dram__bytes_read.sum", "dram__bytes_write.sum", "lts__t_sector_hit_rate.pct",
    "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed"};
constexpr std::size_t kMetricCount = std::size(kMetrics);
constexpr std::size_t kMostRanges = 64;
constexpr int kMostPasses = 200; // these metrics need fewer than ten

/// CUPTI's arguments are structs that begin with their size.
template <typename Params>
Params sized(std::size_t size) {
  Params params{};
  params.structSize = size;
  return params;
}
#define BENCH_PARAMS(name) sized<name##_Params>(name##_Params_STRUCT_SIZE)

// CUPTI does not write to them, and does not say so.
const char** metrics() {
  static const char* names[kMetricCount];
  std::copy(std::begin(kMetrics), std::end(kMetrics), names);
  return names;
}

} // namespace

struct RangeProfiler::State {
  CuptiApi api;
  std::string fault;
  bool is_initialized = false;
  CUpti_Profiler_Host_Object* host = nullptr;
  CUcontext context = nullptr;
  CUpti_RangeProfiler_Object* profiler = nullptr;
  std::optional<CUpti_ProfilerRange> mode; ///< of the ranges that `profiler` counts
  std::vector<std::uint8_t> config, data;

  bool succeeded(CUptiResult status, const char* what) {
    if (status == CUPTI_SUCCESS)
      return true;
    fault = explain_status(api, status, what);
    return false;
  }
  bool open();
  bool make_config();
  bool enable();
  void disable();
  bool prepare(CUpti_ProfilerRange range);
  bool run_pass(CUpti_ProfilerRange range, const std::function<void()>& work, bool& all_passes);
  bool run_passes(CUpti_ProfilerRange range, const std::function<void()>& before,
                  const std::function<void()>& work);
  bool evaluate(std::vector<results::Counters>& ranges);
  std::vector<results::Counters> count(CUpti_ProfilerRange range,
                                       const std::function<void()>& before,
                                       const std::function<void()>& work);
  /// Why the last count came to nothing; one set of kernels that cannot be counted does not spoil
  /// the next.
  std::string take_fault() { return profiler ? std::exchange(fault, "") : fault; }
};

bool RangeProfiler::State::open() {
  if (!api.has_range_profiler()) {
    fault = "libcupti.so.13 lacks the range profiler";
    return false;
  }
  fault = version_fault(api);
  if (!fault.empty())
    return false;
  if (!api.current_context || api.current_context(&context) != CUDA_SUCCESS || !context) {
    fault = "no CUDA context whose kernels could be counted";
    return false;
  }
  auto initialize = BENCH_PARAMS(CUpti_Profiler_Initialize);
  if (!succeeded(api.profiler_initialize(&initialize), "starting the profiler"))
    return false;
  is_initialized = true;
  return make_config() && enable();
}

bool RangeProfiler::State::enable() {
  auto enable = BENCH_PARAMS(CUpti_RangeProfiler_Enable);
  enable.ctx = context;
  if (!succeeded(api.range_enable(&enable), "enabling the range profiler"))
    return false;
  profiler = enable.pRangeProfilerObject;
  return true;
}

void RangeProfiler::State::disable() {
  if (!profiler)
    return;
  auto disable = BENCH_PARAMS(CUpti_RangeProfiler_Disable);
  disable.pRangeProfilerObject = std::exchange(profiler, nullptr);
  mode.reset();
  api.range_disable(&disable);
}

/// What the GPU is to count in which pass.
bool RangeProfiler::State::make_config() {
  auto chip = BENCH_PARAMS(CUpti_Device_GetChipName);
  if (!succeeded(api.chip_name(&chip), "name of the chip"))
    return false;
  auto availability = BENCH_PARAMS(CUpti_Profiler_GetCounterAvailability);
  availability.ctx = context;
  if (!succeeded(api.counter_availability(&availability), "counters of this GPU"))
    return false;
  std::vector<std::uint8_t> available(availability.counterAvailabilityImageSize);
  availability.pCounterAvailabilityImage = available.data();
  if (!succeeded(api.counter_availability(&availability), "counters of this GPU"))
    return false;
  auto initialize = BENCH_PARAMS(CUpti_Profiler_Host_Initialize);
  initialize.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
  initialize.pChipName = chip.pChipName;
  initialize.pCounterAvailabilityImage = available.data();
  if (!succeeded(api.host_initialize(&initialize), "metrics of this GPU"))
    return false;
  host = initialize.pHostObject;
  auto add = BENCH_PARAMS(CUpti_Profiler_Host_ConfigAddMetrics);
  add.pHostObject = host;
  add.ppMetricNames = metrics();
  add.numMetrics = kMetricCount;
  if (!succeeded(api.host_add_metrics(&add), "metrics of this GPU"))
    return false;
  auto size = BENCH_PARAMS(CUpti_Profiler_Host_GetConfigImageSize);
  size.pHostObject = host;
  if (!succeeded(api.host_config_size(&size), "configuration"))
    return false;
  config.resize(size.configImageSize);
  auto image = BENCH_PARAMS(CUpti_Profiler_Host_GetConfigImage);
  image.pHostObject = host;
  image.configImageSize = config.size();
  image.pConfigImage = config.data();
  return succeeded(api.host_config(&image), "configuration");
}

/// Room for what is counted next.
bool RangeProfiler::State::prepare(CUpti_ProfilerRange range) {
  // One that has counted kernels refuses a range of the user's: INVALID_PARAMETER, seen with
  // CUPTI 13.0.
  if (mode.value_or(range) != range) {
    disable();
    if (!enable())
      return false;
  }
  mode = range;
  const std::size_t most = range == CUPTI_UserRange ? 1 : kMostRanges;
  auto size = BENCH_PARAMS(CUpti_RangeProfiler_GetCounterDataSize);
  size.pRangeProfilerObject = profiler;
  size.pMetricNames = metrics();
  size.numMetrics = kMetricCount;
  size.maxNumOfRanges = most;
  size.maxNumRangeTreeNodes = static_cast<std::uint32_t>(most);
  if (!succeeded(api.range_data_size(&size), "room for counters"))
    return false;
  data.assign(size.counterDataSize, 0);
  auto initialize = BENCH_PARAMS(CUpti_RangeProfiler_CounterDataImage_Initialize);
  initialize.pRangeProfilerObject = profiler;
  initialize.counterDataSize = data.size();
  initialize.pCounterData = data.data();
  if (!succeeded(api.range_data_initialize(&initialize), "room for counters"))
    return false;
  // Replay by the user: CUPTI's own saves, restores and flushes, and the L2 is not as it would be.
  auto set = BENCH_PARAMS(CUpti_RangeProfiler_SetConfig);
  set.pRangeProfilerObject = profiler;
  set.configSize = config.size();
  set.pConfig = config.data();
  set.counterDataImageSize = data.size();
  set.pCounterDataImage = data.data();
  set.range = range;
  set.replayMode = CUPTI_UserReplay;
  set.maxRangesPerPass = most;
  set.numNestingLevels = 1;
  set.minNestingLevel = 1;
  set.targetNestingLevel = range == CUPTI_UserRange ? 1 : 0;
  return succeeded(api.range_set_config(&set), "configuration");
}

bool RangeProfiler::State::run_pass(CUpti_ProfilerRange range, const std::function<void()>& work,
                                    bool& all_passes) {
  auto start = BENCH_PARAMS(CUpti_RangeProfiler_Start);
  start.pRangeProfilerObject = profiler;
  if (!succeeded(api.range_start(&start), "starting a pass"))
    return false;
  auto stop = BENCH_PARAMS(CUpti_RangeProfiler_Stop);
  stop.pRangeProfilerObject = profiler;
  auto push = BENCH_PARAMS(CUpti_RangeProfiler_PushRange);
  push.pRangeProfilerObject = profiler;
  push.pRangeName = "work";
  auto pop = BENCH_PARAMS(CUpti_RangeProfiler_PopRange);
  pop.pRangeProfilerObject = profiler;
  const bool named = range == CUPTI_UserRange;
  const bool is_begun = !named || succeeded(api.range_push(&push), "beginning a range");
  bool is_ended = is_begun;
  try {
    if (is_begun)
      work();
  } catch (...) { // a pass that stays open would spoil the next case's
    if (named)
      api.range_pop(&pop);
    api.range_stop(&stop);
    throw;
  }
  if (named && is_begun)
    is_ended = succeeded(api.range_pop(&pop), "ending a range");
  const CUptiResult stopped = api.range_stop(&stop);
  all_passes = stop.isAllPassSubmitted != 0;
  return is_ended && succeeded(stopped, "ending a pass");
}

bool RangeProfiler::State::run_passes(CUpti_ProfilerRange range,
                                      const std::function<void()>& before,
                                      const std::function<void()>& work) {
  for (int pass = 0; pass < kMostPasses; ++pass) {
    before();
    bool all_passes = false;
    if (!run_pass(range, work, all_passes))
      return false;
    if (all_passes)
      return true;
  }
  fault = fmt::format("CUPTI: the counters were not whole after {} passes", kMostPasses);
  return false;
}

bool RangeProfiler::State::evaluate(std::vector<results::Counters>& ranges) {
  auto decode = BENCH_PARAMS(CUpti_RangeProfiler_DecodeData);
  decode.pRangeProfilerObject = profiler;
  if (!succeeded(api.range_decode(&decode), "reading counters"))
    return false;
  if (decode.numOfRangeDropped > 0) {
    fault = fmt::format("CUPTI dropped the counters of {} ranges", decode.numOfRangeDropped);
    return false;
  }
  auto info = BENCH_PARAMS(CUpti_RangeProfiler_GetCounterDataInfo);
  info.pCounterDataImage = data.data();
  info.counterDataImageSize = data.size();
  if (!succeeded(api.range_data_info(&info), "reading counters"))
    return false;
  for (std::size_t i = 0; i < info.numTotalRanges; ++i) {
    double values[kMetricCount] = {};
    auto values_of = BENCH_PARAMS(CUpti_Profiler_Host_EvaluateToGpuValues);
    values_of.pHostObject = host;
    values_of.pCounterDataImage = data.data();
    values_of.counterDataImageSize = data.size();
    values_of.rangeIndex = i;
    values_of.ppMetricNames = metrics();
    values_of.numMetrics = kMetricCount;
    values_of.pMetricValues = values;
    if (!succeeded(api.host_evaluate(&values_of), "reading counters"))
      return false;
    ranges.push_back({.dram_read_bytes = values[0],
                      .dram_written_bytes = values[1],
                      .l2_hit_rate = values[2] / 100,
                      .tensor_utilization = values[3] / 100});
  }
  return true;
}

RangeProfiler::RangeProfiler(Cupti cupti) : state_(std::make_unique<State>()) {
  state_->api = cupti.api;
  state_->fault = std::move(cupti.fault);
  if (state_->fault.empty())
    state_->open();
}

RangeProfiler::~RangeProfiler() {
  State& s = *state_;
  s.disable();
  if (s.host) {
    auto end = BENCH_PARAMS(CUpti_Profiler_Host_Deinitialize);
    end.pHostObject = s.host;
    s.api.host_deinitialize(&end);
  }
  if (s.is_initialized) {
    auto end = BENCH_PARAMS(CUpti_Profiler_DeInitialize);
    s.api.profiler_deinitialize(&end);
  }
}

const std::string& RangeProfiler::fault() const {
  return state_->fault;
}

std::vector<results::Counters> RangeProfiler::State::count(CUpti_ProfilerRange range,
                                                           const std::function<void()>& before,
                                                           const std::function<void()>& work) {
  std::vector<results::Counters> ranges;
  if (fault.empty() && !(prepare(range) && run_passes(range, before, work) && evaluate(ranges)))
    ranges.clear();
  return ranges;
}

RangeProfiler::Counted RangeProfiler::count(const std::function<void()>& before,
                                            const std::function<void()>& work) {
  Counted counted{.kernels = state_->count(CUPTI_AutoRange, before, work), .fault = ""};
  counted.fault = state_->take_fault();
  return counted;
}

RangeProfiler::Whole RangeProfiler::count_whole(const std::function<void()>& before,
                                                const std::function<void()>& work) {
  const std::vector<results::Counters> ranges = state_->count(CUPTI_UserRange, before, work);
  Whole whole{.counters = std::nullopt, .fault = state_->take_fault()};
  if (ranges.size() == 1)
    whole.counters = ranges.front();
  else if (whole.fault.empty())
    whole.fault = fmt::format("CUPTI counted {} ranges where there was one", ranges.size());
  return whole;
}

} // namespace bench::profile
