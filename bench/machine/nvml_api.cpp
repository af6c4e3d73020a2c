#include <bench/base/bind_symbol.h>
#include <bench/machine/nvml_api.h>

namespace bench::machine {
NvmlApi bind_nvml(void* library) {
  NvmlApi api;
  bind_symbol(library, api.init, "nvmlInit_v2");
  bind_symbol(library, api.shutdown, "nvmlShutdown");
  bind_symbol(library, api.error_string, "nvmlErrorString");
  bind_symbol(library, api.driver_version, "nvmlSystemGetDriverVersion");
  bind_symbol(library, api.cuda_version, "nvmlSystemGetCudaDriverVersion_v2");
  bind_symbol(library, api.count, "nvmlDeviceGetCount_v2");
  bind_symbol(library, api.by_index, "nvmlDeviceGetHandleByIndex_v2");
  bind_symbol(library, api.by_uuid, "nvmlDeviceGetHandleByUUID");
  bind_symbol(library, api.name, "nvmlDeviceGetName");
  bind_symbol(library, api.uuid, "nvmlDeviceGetUUID");
  bind_symbol(library, api.pci_info, "nvmlDeviceGetPciInfo_v3");
  bind_symbol(library, api.vbios, "nvmlDeviceGetVbiosVersion");
  bind_symbol(library, api.compute_capability, "nvmlDeviceGetCudaComputeCapability");
  bind_symbol(library, api.power, "nvmlDeviceGetPowerUsage");
  bind_symbol(library, api.power_limit, "nvmlDeviceGetEnforcedPowerLimit");
  bind_symbol(library, api.default_power_limit, "nvmlDeviceGetPowerManagementDefaultLimit");
  bind_symbol(library, api.energy, "nvmlDeviceGetTotalEnergyConsumption");
  bind_symbol(library, api.clock, "nvmlDeviceGetClockInfo");
  bind_symbol(library, api.max_clock, "nvmlDeviceGetMaxClockInfo");
  bind_symbol(library, api.application_clock, "nvmlDeviceGetApplicationsClock");
  bind_symbol(library, api.default_application_clock, "nvmlDeviceGetDefaultApplicationsClock");
  bind_symbol(library, api.clocks_events, "nvmlDeviceGetCurrentClocksEventReasons");
  bind_symbol(library, api.temperature, "nvmlDeviceGetTemperatureV");
  bind_symbol(library, api.field_values, "nvmlDeviceGetFieldValues");
  bind_symbol(library, api.ecc_mode, "nvmlDeviceGetEccMode");
  bind_symbol(library, api.ecc_errors, "nvmlDeviceGetTotalEccErrors");
  bind_symbol(library, api.mig_mode, "nvmlDeviceGetMigMode");
  bind_symbol(library, api.persistence, "nvmlDeviceGetPersistenceMode");
  bind_symbol(library, api.compute_mode, "nvmlDeviceGetComputeMode");
  bind_symbol(library, api.memory, "nvmlDeviceGetMemoryInfo");
  bind_symbol(library, api.memory_v2, "nvmlDeviceGetMemoryInfo_v2");
  bind_symbol(library, api.utilization, "nvmlDeviceGetUtilizationRates");
  bind_symbol(library, api.compute_processes, "nvmlDeviceGetComputeRunningProcesses_v3");
  bind_symbol(library, api.graphics_processes, "nvmlDeviceGetGraphicsRunningProcesses_v3");
  bind_symbol(library, api.mps_processes, "nvmlDeviceGetMPSComputeRunningProcesses_v3");
  return api;
}

} // namespace bench::machine
