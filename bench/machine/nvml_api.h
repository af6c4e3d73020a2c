#pragma once

#include <nvml.h>

#include <optional>
#include <string>

namespace bench::machine {

/// The functions of NVML that nvml.cpp calls. A test fills the table with its own; a null pointer
/// is a function that the installed driver lacks.
struct NvmlApi {
  // nvml.h marks these as deprecated from CUDA 13.1 on, and naming them would warn.
  using GetApplicationsClock = nvmlReturn_t (*)(nvmlDevice_t, nvmlClockType_t, unsigned int*);

  decltype(&nvmlInit_v2) init = nullptr;
  decltype(&nvmlShutdown) shutdown = nullptr;
  decltype(&nvmlErrorString) error_string = nullptr;
  decltype(&nvmlSystemGetDriverVersion) driver_version = nullptr;
  decltype(&nvmlSystemGetCudaDriverVersion_v2) cuda_version = nullptr;
  decltype(&nvmlDeviceGetCount_v2) count = nullptr;
  decltype(&nvmlDeviceGetHandleByIndex_v2) by_index = nullptr;
  decltype(&nvmlDeviceGetHandleByUUID) by_uuid = nullptr;

  decltype(&nvmlDeviceGetName) name = nullptr;
  decltype(&nvmlDeviceGetUUID) uuid = nullptr;
  decltype(&nvmlDeviceGetPciInfo_v3) pci_info = nullptr;
  decltype(&nvmlDeviceGetVbiosVersion) vbios = nullptr;
  decltype(&nvmlDeviceGetCudaComputeCapability) compute_capability = nullptr;
  decltype(&nvmlDeviceGetPowerUsage) power = nullptr;
  decltype(&nvmlDeviceGetEnforcedPowerLimit) power_limit = nullptr;
  decltype(&nvmlDeviceGetPowerManagementDefaultLimit) default_power_limit = nullptr;
  decltype(&nvmlDeviceGetTotalEnergyConsumption) energy = nullptr;
  decltype(&nvmlDeviceGetClockInfo) clock = nullptr;
  decltype(&nvmlDeviceGetMaxClockInfo) max_clock = nullptr;
  GetApplicationsClock application_clock = nullptr;
  GetApplicationsClock default_application_clock = nullptr;
  decltype(&nvmlDeviceGetCurrentClocksEventReasons) clocks_events = nullptr;
  decltype(&nvmlDeviceGetTemperatureV) temperature = nullptr;
  decltype(&nvmlDeviceGetFieldValues) field_values = nullptr;
  decltype(&nvmlDeviceGetEccMode) ecc_mode = nullptr;
  decltype(&nvmlDeviceGetTotalEccErrors) ecc_errors = nullptr;
  decltype(&nvmlDeviceGetMigMode) mig_mode = nullptr;
  decltype(&nvmlDeviceGetPersistenceMode) persistence = nullptr;
  decltype(&nvmlDeviceGetComputeMode) compute_mode = nullptr;
  decltype(&nvmlDeviceGetMemoryInfo) memory = nullptr;
  decltype(&nvmlDeviceGetMemoryInfo_v2) memory_v2 = nullptr;
  decltype(&nvmlDeviceGetUtilizationRates) utilization = nullptr;
  decltype(&nvmlDeviceGetComputeRunningProcesses_v3) compute_processes = nullptr;
  decltype(&nvmlDeviceGetGraphicsRunningProcesses_v3) graphics_processes = nullptr;
  decltype(&nvmlDeviceGetMPSComputeRunningProcesses_v3) mps_processes = nullptr;
};

/// The table of a library opened with dlopen.
NvmlApi bind_nvml(void* library);

/// What `function` writes through its last argument; absent when the driver lacks the function or
/// the device does not answer.
template <typename Out, typename Function, typename... In>
std::optional<Out> ask(Function function, In... in) {
  Out out{};
  if (function == nullptr || function(in..., &out) != NVML_SUCCESS)
    return std::nullopt;
  return out;
}

template <typename Function, typename... In>
std::optional<std::string> ask_text(Function function, In... in) {
  char text[NVML_DEVICE_UUID_V2_BUFFER_SIZE] = {}; // the longest that any of them asks for
  if (function == nullptr || function(in..., text, sizeof text) != NVML_SUCCESS)
    return std::nullopt;
  return text;
}

} // namespace bench::machine
