#include <bench/machine/fake_nvml.h>

#include <chrono>
#include <cstring>
#include <utility>

namespace bench::machine {
namespace {

FakeNvml* fake = nullptr;

template <typename Value, typename Out>
nvmlReturn_t answer(const std::optional<Value>& value, Out* out) {
  if (!value)
    return NVML_ERROR_NOT_SUPPORTED;
  *out = static_cast<Out>(*value);
  return NVML_SUCCESS;
}

nvmlReturn_t answer(const std::optional<std::string>& value, char* out, unsigned int size) {
  if (!value)
    return NVML_ERROR_NOT_SUPPORTED;
  if (value->size() >= size)
    return NVML_ERROR_INSUFFICIENT_SIZE;
  std::memcpy(out, value->c_str(), value->size() + 1);
  return NVML_SUCCESS;
}

nvmlReturn_t answer(const std::optional<bool>& value, nvmlEnableState_t* out) {
  if (!value)
    return NVML_ERROR_NOT_SUPPORTED;
  *out = *value ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
  return NVML_SUCCESS;
}

nvmlReturn_t answer(const std::optional<std::vector<nvmlProcessInfo_t>>& list, unsigned int* count,
                    nvmlProcessInfo_t* infos) {
  if (!list)
    return NVML_ERROR_NOT_SUPPORTED;
  const auto room = std::exchange(*count, static_cast<unsigned int>(list->size()));
  if (room < list->size())
    return NVML_ERROR_INSUFFICIENT_SIZE;
  std::copy(list->begin(), list->end(), infos);
  return NVML_SUCCESS;
}

nvmlReturn_t field_values(nvmlDevice_t device, int count, nvmlFieldValue_t* values) {
  if (device->before_fields)
    device->before_fields(*device);
  for (int i = 0; i < count; ++i) {
    const auto known = device->fields.find(values[i].fieldId);
    if (known != device->fields.end())
      values[i] = known->second;
    else
      values[i].nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
  }
  return NVML_SUCCESS;
}

nvmlReturn_t by_uuid(const char* uuid, nvmlDevice_t* out) {
  for (nvmlDevice_st& device : fake->devices) {
    if (device.uuid == uuid) {
      *out = &device;
      return NVML_SUCCESS;
    }
  }
  return NVML_ERROR_NOT_FOUND;
}

} // namespace

FakeNvml::FakeNvml() {
  fake = this;
}
FakeNvml::~FakeNvml() {
  fake = nullptr;
}

NvmlApi FakeNvml::api() const {
  NvmlApi api;
  api.init = [] {
    fake->initialised += fake->init_status == NVML_SUCCESS ? 1 : 0;
    return fake->init_status;
  };
  api.shutdown = [] {
    --fake->initialised;
    return NVML_SUCCESS;
  };
  api.error_string = [](nvmlReturn_t) { return "some reason"; };
  api.driver_version = [](char* out, unsigned int size) {
    return answer(std::optional<std::string>("580.159.03"), out, size);
  };
  api.cuda_version = [](int* out) { return answer(std::optional(13000), out); };
  api.count = [](unsigned int* out) { return answer(std::optional(fake->devices.size()), out); };
  api.by_index = [](unsigned int index, nvmlDevice_t* out) {
    if (index >= fake->devices.size())
      return NVML_ERROR_INVALID_ARGUMENT;
    *out = &fake->devices[index];
    return NVML_SUCCESS;
  };
  api.by_uuid = by_uuid;

  api.name = [](nvmlDevice_t d, char* out, unsigned int size) {
    return answer(d->name, out, size);
  };
  api.uuid = [](nvmlDevice_t d, char* out, unsigned int size) {
    return answer(d->uuid, out, size);
  };
  api.vbios = [](nvmlDevice_t d, char* out, unsigned int size) {
    return answer(d->vbios, out, size);
  };
  api.pci_info = [](nvmlDevice_t d, nvmlPciInfo_t* out) {
    return answer(d->pci_bus_id, out->busId, sizeof out->busId);
  };
  api.compute_capability = [](nvmlDevice_t d, int* major, int* minor) {
    if (!d->compute_capability)
      return NVML_ERROR_NOT_SUPPORTED;
    std::tie(*major, *minor) = *d->compute_capability;
    return NVML_SUCCESS;
  };
  api.power = [](nvmlDevice_t d, unsigned int* out) { return answer(d->power_mw, out); };
  api.power_limit = [](nvmlDevice_t d, unsigned int* out) {
    return answer(d->power_limit_mw, out);
  };
  api.default_power_limit = [](nvmlDevice_t d, unsigned int* out) {
    return answer(d->default_power_limit_mw, out);
  };
  api.energy = [](nvmlDevice_t d, unsigned long long* out) {
    if (d->before_energy)
      d->before_energy(*d);
    return answer(d->energy_mj, out);
  };
  api.clock = [](nvmlDevice_t d, nvmlClockType_t type, unsigned int* out) {
    return answer(type == NVML_CLOCK_MEM ? d->memory_clock_mhz : d->sm_clock_mhz, out);
  };
  api.max_clock = [](nvmlDevice_t d, nvmlClockType_t type, unsigned int* out) {
    return answer(type == NVML_CLOCK_MEM ? d->max_memory_clock_mhz : d->max_sm_clock_mhz, out);
  };
  // As the driver does: applications set the graphics and memory clocks, there is none of the SMs.
  api.application_clock = [](nvmlDevice_t d, nvmlClockType_t type, unsigned int* out) {
    return type == NVML_CLOCK_GRAPHICS ? answer(d->application_clock_mhz, out)
                                       : NVML_ERROR_NOT_SUPPORTED;
  };
  api.default_application_clock = [](nvmlDevice_t d, nvmlClockType_t type, unsigned int* out) {
    return type == NVML_CLOCK_GRAPHICS ? answer(d->default_application_clock_mhz, out)
                                       : NVML_ERROR_NOT_SUPPORTED;
  };
  api.clocks_events = [](nvmlDevice_t d, unsigned long long* out) {
    return answer(d->clocks_events, out);
  };
  api.temperature = [](nvmlDevice_t d, nvmlTemperature_t* out) {
    return out->version == nvmlTemperature_v1 && out->sensorType == NVML_TEMPERATURE_GPU
               ? answer(d->temperature_c, &out->temperature)
               : NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  };
  api.field_values = field_values;
  api.ecc_mode = [](nvmlDevice_t d, nvmlEnableState_t* current, nvmlEnableState_t* pending) {
    *pending = NVML_FEATURE_DISABLED;
    return answer(d->ecc_enabled, current);
  };
  api.ecc_errors = [](nvmlDevice_t d, nvmlMemoryErrorType_t type, nvmlEccCounterType_t counter,
                      unsigned long long* out) {
    return type == NVML_MEMORY_ERROR_TYPE_UNCORRECTED && counter == NVML_VOLATILE_ECC
               ? answer(d->ecc_uncorrected, out)
               : NVML_ERROR_NOT_SUPPORTED;
  };
  api.mig_mode = [](nvmlDevice_t d, unsigned int* current, unsigned int* pending) {
    *pending = NVML_DEVICE_MIG_DISABLE;
    return answer(d->mig_enabled, current);
  };
  api.persistence = [](nvmlDevice_t d, nvmlEnableState_t* out) {
    return answer(d->persistence_enabled, out);
  };
  api.compute_mode = [](nvmlDevice_t d, nvmlComputeMode_t* out) {
    return answer(d->compute_mode, out);
  };
  api.memory = [](nvmlDevice_t d, nvmlMemory_t* out) { return answer(d->memory, out); };
  api.memory_v2 = [](nvmlDevice_t d, nvmlMemory_v2_t* out) {
    return out->version == nvmlMemory_v2 ? answer(d->memory_v2, out)
                                         : NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  };
  api.utilization = [](nvmlDevice_t d, nvmlUtilization_t* out) {
    return answer(d->utilization, out);
  };
  api.compute_processes = [](nvmlDevice_t d, unsigned int* count, nvmlProcessInfo_t* infos) {
    return answer(d->compute_processes, count, infos);
  };
  api.graphics_processes = [](nvmlDevice_t d, unsigned int* count, nvmlProcessInfo_t* infos) {
    return answer(d->graphics_processes, count, infos);
  };
  api.mps_processes = [](nvmlDevice_t d, unsigned int* count, nvmlProcessInfo_t* infos) {
    return answer(d->mps_processes, count, infos);
  };
  return api;
}

} // namespace bench::machine

namespace {

nvmlFieldValue_t field(unsigned int id, nvmlValueType_t type) {
  nvmlFieldValue_t field{};
  field.fieldId = id;
  field.valueType = type;
  field.nvmlReturn = NVML_SUCCESS;
  return field;
}

} // namespace

void nvmlDevice_st::count_joules(unsigned int watts) {
  using namespace std::chrono_literals;
  before_energy = [watts, begun = std::chrono::steady_clock::now()](nvmlDevice_st& gpu) {
    gpu.energy_mj = 20ULL * watts * ((std::chrono::steady_clock::now() - begun) / 20ms);
  };
}

void nvmlDevice_st::set_field(unsigned int id, unsigned int value) {
  fields[id] = field(id, NVML_VALUE_TYPE_UNSIGNED_INT);
  fields[id].value.uiVal = value;
}

void nvmlDevice_st::set_field(unsigned int id, unsigned long long value) {
  fields[id] = field(id, NVML_VALUE_TYPE_UNSIGNED_LONG_LONG);
  fields[id].value.ullVal = value;
}
