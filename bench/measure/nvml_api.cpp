#include <bench/measure/nvml_api.h>

#include <dlfcn.h>

namespace bench::measure {
namespace {

template <typename Function>
void bind(void* library, Function& function, const char* symbol) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
}

} // namespace

NvmlApi bind_nvml(void* library) {
  NvmlApi api;
  bind(library, api.init, "nvmlInit_v2");
  bind(library, api.shutdown, "nvmlShutdown");
  bind(library, api.error_string, "nvmlErrorString");
  bind(library, api.driver_version, "nvmlSystemGetDriverVersion");
  bind(library, api.cuda_version, "nvmlSystemGetCudaDriverVersion_v2");
  bind(library, api.count, "nvmlDeviceGetCount_v2");
  bind(library, api.by_index, "nvmlDeviceGetHandleByIndex_v2");
  bind(library, api.by_uuid, "nvmlDeviceGetHandleByUUID");
  bind(library, api.name, "nvmlDeviceGetName");
  bind(library, api.uuid, "nvmlDeviceGetUUID");
  bind(library, api.pci_info, "nvmlDeviceGetPciInfo_v3");
  bind(library, api.vbios, "nvmlDeviceGetVbiosVersion");
  bind(library, api.compute_capability, "nvmlDeviceGetCudaComputeCapability");
  bind(library, api.power, "nvmlDeviceGetPowerUsage");
  bind(library, api.power_limit, "nvmlDeviceGetEnforcedPowerLimit");
  bind(library, api.default_power_limit, "nvmlDeviceGetPowerManagementDefaultLimit");
  bind(library, api.energy, "nvmlDeviceGetTotalEnergyConsumption");
  bind(library, api.clock, "nvmlDeviceGetClockInfo");
  bind(library, api.max_clock, "nvmlDeviceGetMaxClockInfo");
  bind(library, api.application_clock, "nvmlDeviceGetApplicationsClock");
  bind(library, api.default_application_clock, "nvmlDeviceGetDefaultApplicationsClock");
  bind(library, api.clocks_events, "nvmlDeviceGetCurrentClocksEventReasons");
  bind(library, api.temperature, "nvmlDeviceGetTemperatureV");
  bind(library, api.field_values, "nvmlDeviceGetFieldValues");
  bind(library, api.ecc_mode, "nvmlDeviceGetEccMode");
  bind(library, api.ecc_errors, "nvmlDeviceGetTotalEccErrors");
  bind(library, api.mig_mode, "nvmlDeviceGetMigMode");
  bind(library, api.persistence, "nvmlDeviceGetPersistenceMode");
  bind(library, api.compute_mode, "nvmlDeviceGetComputeMode");
  bind(library, api.memory, "nvmlDeviceGetMemoryInfo");
  bind(library, api.memory_v2, "nvmlDeviceGetMemoryInfo_v2");
  bind(library, api.utilization, "nvmlDeviceGetUtilizationRates");
  bind(library, api.compute_processes, "nvmlDeviceGetComputeRunningProcesses_v3");
  bind(library, api.graphics_processes, "nvmlDeviceGetGraphicsRunningProcesses_v3");
  bind(library, api.mps_processes, "nvmlDeviceGetMPSComputeRunningProcesses_v3");
  return api;
}

} // namespace bench::measure
