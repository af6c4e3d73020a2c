#include <bench/base/bind_symbol.h>
#include <bench/profile/cupti_api.h>

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <filesystem>

namespace bench::profile {
namespace {

constexpr const char* kLibrary = "libcupti.so.13";

/// The folder of an open library; "" when it cannot be told.
std::filesystem::path folder_of(void* library) {
  link_map* map = nullptr;
  if (!library || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || !map)
    return {};
  return std::filesystem::path(map->l_name).parent_path();
}

void* open_beside_torch() {
  void* torch = dlopen("libc10.so", RTLD_LAZY | RTLD_NOLOAD);
  const std::filesystem::path folder = folder_of(torch);
  if (torch)
    dlclose(torch); // only the reference that this call took
  if (folder.empty())
    return nullptr;
  return dlopen((folder / "../../nvidia/cu13/lib" / kLibrary).c_str(), RTLD_NOW | RTLD_LOCAL);
}

} // namespace

bool CuptiApi::has_activity() const {
  return get_version && subscribe && unsubscribe && enable_callback && enable_domain &&
         register_callbacks && enable && disable && flush_all && next_record && dropped_records &&
         graph_node_id;
}

bool CuptiApi::has_range_profiler() const {
  return profiler_initialize && profiler_deinitialize && chip_name && counter_availability &&
         host_initialize && host_deinitialize && host_add_metrics && host_config_size &&
         host_config && host_evaluate && range_enable && range_disable && range_data_size &&
         range_data_initialize && range_set_config && range_start && range_stop && range_push &&
         range_pop && range_decode && range_data_info;
}

CuptiApi bind_cupti(void* library) {
  CuptiApi api;
  bind_symbol(library, api.get_version, "cuptiGetVersion");
  bind_symbol(library, api.result_string, "cuptiGetResultString");
  bind_symbol(library, api.subscribe, "cuptiSubscribe");
  bind_symbol(library, api.unsubscribe, "cuptiUnsubscribe");
  bind_symbol(library, api.enable_callback, "cuptiEnableCallback");
  bind_symbol(library, api.enable_domain, "cuptiEnableDomain");
  bind_symbol(library, api.register_callbacks, "cuptiActivityRegisterCallbacks");
  bind_symbol(library, api.enable, "cuptiActivityEnable");
  bind_symbol(library, api.disable, "cuptiActivityDisable");
  bind_symbol(library, api.flush_all, "cuptiActivityFlushAll");
  bind_symbol(library, api.next_record, "cuptiActivityGetNextRecord");
  bind_symbol(library, api.dropped_records, "cuptiActivityGetNumDroppedRecords");
  bind_symbol(library, api.graph_node_id, "cuptiGetGraphNodeId");
  bind_symbol(library, api.profiler_initialize, "cuptiProfilerInitialize");
  bind_symbol(library, api.profiler_deinitialize, "cuptiProfilerDeInitialize");
  bind_symbol(library, api.chip_name, "cuptiDeviceGetChipName");
  bind_symbol(library, api.counter_availability, "cuptiProfilerGetCounterAvailability");
  bind_symbol(library, api.host_initialize, "cuptiProfilerHostInitialize");
  bind_symbol(library, api.host_deinitialize, "cuptiProfilerHostDeinitialize");
  bind_symbol(library, api.host_add_metrics, "cuptiProfilerHostConfigAddMetrics");
  bind_symbol(library, api.host_config_size, "cuptiProfilerHostGetConfigImageSize");
  bind_symbol(library, api.host_config, "cuptiProfilerHostGetConfigImage");
  bind_symbol(library, api.host_evaluate, "cuptiProfilerHostEvaluateToGpuValues");
  bind_symbol(library, api.range_enable, "cuptiRangeProfilerEnable");
  bind_symbol(library, api.range_disable, "cuptiRangeProfilerDisable");
  bind_symbol(library, api.range_data_size, "cuptiRangeProfilerGetCounterDataSize");
  bind_symbol(library, api.range_data_initialize, "cuptiRangeProfilerCounterDataImageInitialize");
  bind_symbol(library, api.range_set_config, "cuptiRangeProfilerSetConfig");
  bind_symbol(library, api.range_start, "cuptiRangeProfilerStart");
  bind_symbol(library, api.range_stop, "cuptiRangeProfilerStop");
  bind_symbol(library, api.range_push, "cuptiRangeProfilerPushRange");
  bind_symbol(library, api.range_pop, "cuptiRangeProfilerPopRange");
  bind_symbol(library, api.range_decode, "cuptiRangeProfilerDecodeData");
  bind_symbol(library, api.range_data_info, "cuptiRangeProfilerGetCounterDataInfo");
  return api;
}

Cupti open_cupti() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_NOLOAD);
  if (!library)
    library = open_beside_torch();
  if (!library)
    library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return {.api = {},
            .fault = fmt::format("no {} beside torch nor where the loader looks ({}): install the "
                                 "package nvidia-cuda-cupti beside torch",
                                 kLibrary, dlerror())};
  // The range profiler looks for this one by its bare name, and a wheel's folder is not searched.
  dlopen((folder_of(library) / "libnvperf_host.so").c_str(), RTLD_NOW | RTLD_GLOBAL);
  Cupti cupti{.api = bind_cupti(library), .fault = ""};
  if (void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD))
    bind_symbol(driver, cupti.api.current_context, "cuCtxGetCurrent");
  return cupti;
}

std::string version_text(std::uint32_t version) {
  return fmt::format("{}.{}", version / 10000, version / 100 % 100);
}

std::string version_fault(const CuptiApi& api) {
  std::uint32_t version = 0;
  if (!api.get_version || api.get_version(&version) != CUPTI_SUCCESS)
    return fmt::format("{} does not say its version: it is broken", kLibrary);
  if (version == CUPTI_API_VERSION)
    return "";
  return fmt::format("CUPTI {} ({}) is loaded and this build reads the records of {} ({}): build "
                     "it against the torch that runs it",
                     version_text(version), version, version_text(CUPTI_API_VERSION),
                     CUPTI_API_VERSION);
}

std::string explain_status(const CuptiApi& api, CUptiResult status, const std::string& what) {
  switch (status) {
  case CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED:
    return "another profiler has CUPTI in this process (nsys, ncu, torch's): run bench without it";
  case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
  case CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES:
    return "the driver lets only administrators profile: run as root, or set "
           "NVreg_RestrictProfilingToAdminUsers=0 for the module nvidia";
  case CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED:
  case CUPTI_ERROR_CONFIDENTIAL_COMPUTING_NOT_SUPPORTED:
  case CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED:
    return "CUPTI does not profile this GPU: it is virtual, shared or in confidential mode";
  default:
    break;
  }
  const char* text = nullptr;
  if (!api.result_string || api.result_string(status, &text) != CUPTI_SUCCESS || !text)
    text = "unknown";
  return fmt::format("CUPTI: {}: {} ({})", what, text, static_cast<int>(status));
}

} // namespace bench::profile
