#include <bench/machine/nvml.h>
#include <bench/machine/nvml_api.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

namespace bench::machine {
namespace {

constexpr double kMilli = 1e-3;
constexpr double kNano = 1e-9;
constexpr double kMega = 1e6;

static_assert(static_cast<std::uint64_t>(ClocksEvent::sw_power_cap) ==
              nvmlClocksEventReasonSwPowerCap);
static_assert(static_cast<std::uint64_t>(ClocksEvent::hw_power_brake_slowdown) ==
              nvmlClocksThrottleReasonHwPowerBrakeSlowdown);
static_assert(static_cast<std::uint64_t>(ClocksEvent::display_clock_setting) ==
              nvmlClocksEventReasonDisplayClockSetting);

constexpr std::array<std::pair<ClocksEvent, std::string_view>, 9> kClocksEventNames{{
    {ClocksEvent::gpu_idle, "GpuIdle"},
    {ClocksEvent::applications_clocks_setting, "ApplicationsClocksSetting"},
    {ClocksEvent::sw_power_cap, "SwPowerCap"},
    {ClocksEvent::hw_slowdown, "HwSlowdown"},
    {ClocksEvent::sync_boost, "SyncBoost"},
    {ClocksEvent::sw_thermal_slowdown, "SwThermalSlowdown"},
    {ClocksEvent::hw_thermal_slowdown, "HwThermalSlowdown"},
    {ClocksEvent::hw_power_brake_slowdown, "HwPowerBrakeSlowdown"},
    {ClocksEvent::display_clock_setting, "DisplayClockSetting"},
}};

template <typename Number>
std::optional<double> scaled(std::optional<Number> value, double factor) {
  return value ? std::optional(static_cast<double>(*value) * factor) : std::nullopt;
}

std::optional<double> number(const nvmlFieldValue_t& field) {
  if (field.nvmlReturn != NVML_SUCCESS)
    return std::nullopt;
  switch (field.valueType) {
  case NVML_VALUE_TYPE_DOUBLE:
    return field.value.dVal;
  case NVML_VALUE_TYPE_UNSIGNED_INT:
    return field.value.uiVal;
  case NVML_VALUE_TYPE_UNSIGNED_LONG:
    return static_cast<double>(field.value.ulVal);
  case NVML_VALUE_TYPE_UNSIGNED_LONG_LONG:
    return static_cast<double>(field.value.ullVal);
  case NVML_VALUE_TYPE_SIGNED_LONG_LONG:
    return static_cast<double>(field.value.sllVal);
  case NVML_VALUE_TYPE_SIGNED_INT:
    return field.value.siVal;
  case NVML_VALUE_TYPE_UNSIGNED_SHORT:
    return field.value.usVal;
  default:
    return std::nullopt;
  }
}

template <std::size_t N>
std::array<std::optional<double>, N> ask_fields(const NvmlApi& api, nvmlDevice_t device,
                                                const std::array<unsigned int, N>& ids) {
  std::array<nvmlFieldValue_t, N> fields{};
  for (std::size_t i = 0; i < N; ++i)
    fields[i].fieldId = ids[i];
  std::array<std::optional<double>, N> values;
  if (api.field_values != nullptr &&
      api.field_values(device, static_cast<int>(N), fields.data()) == NVML_SUCCESS) {
    std::transform(fields.begin(), fields.end(), values.begin(), number);
  }
  return values;
}

std::string process_name(int pid) {
  std::ifstream comm(fmt::format("/proc/{}/comm", pid));
  std::string name;
  std::getline(comm, name);
  return name;
}

std::optional<std::vector<nvmlProcessInfo_t>>
list_processes(decltype(NvmlApi::compute_processes) function, nvmlDevice_t device) {
  if (function == nullptr)
    return std::nullopt;
  constexpr unsigned int kMost = 1U << 16;
  for (unsigned int room = 64; room <= kMost; room *= 4) { // more may start between two calls
    std::vector<nvmlProcessInfo_t> infos(room);
    unsigned int count = room;
    const nvmlReturn_t status = function(device, &count, infos.data());
    if (status == NVML_SUCCESS) {
      infos.resize(std::min(count, room));
      return infos;
    }
    if (status != NVML_ERROR_INSUFFICIENT_SIZE)
      return std::nullopt;
  }
  return std::nullopt;
}

} // namespace

std::vector<std::string> ClocksEvents::names() const {
  std::vector<std::string> names;
  std::uint64_t rest = bits_;
  for (const auto& [event, name] : kClocksEventNames) {
    if (has(event)) {
      names.emplace_back(name);
      rest &= ~static_cast<std::uint64_t>(event);
    }
  }
  for (; rest != 0; rest &= rest - 1)
    names.push_back(fmt::format("{:#x}", rest & -rest));
  return names;
}

std::string_view to_string(ProcessKind kind) {
  switch (kind) {
  case ProcessKind::compute:
    return "compute";
  case ProcessKind::graphics:
    return "graphics";
  case ProcessKind::mps:
    return "MPS";
  }
  return "";
}

NvmlDevice::NvmlDevice(std::shared_ptr<const NvmlApi> api, nvmlDevice_st* handle)
    : api_(std::move(api)), handle_(handle) {}

std::optional<std::string> NvmlDevice::name() const {
  return ask_text(api_->name, handle_);
}

std::optional<std::string> NvmlDevice::uuid() const {
  return ask_text(api_->uuid, handle_);
}

std::optional<std::string> NvmlDevice::vbios() const {
  return ask_text(api_->vbios, handle_);
}

std::optional<std::string> NvmlDevice::pci_bus_id() const {
  const auto info = ask<nvmlPciInfo_t>(api_->pci_info, handle_);
  return info ? std::optional<std::string>(info->busId) : std::nullopt;
}

std::optional<std::string> NvmlDevice::compute_capability() const {
  int major = 0;
  const auto minor = ask<int>(api_->compute_capability, handle_, &major);
  return minor ? std::optional(fmt::format("{}.{}", major, *minor)) : std::nullopt;
}

std::optional<double> NvmlDevice::power_w() const {
  return scaled(ask<unsigned int>(api_->power, handle_), kMilli);
}

std::optional<double> NvmlDevice::instant_power_w() const {
  return scaled(ask_fields<1>(*api_, handle_, {NVML_FI_DEV_POWER_INSTANT})[0], kMilli);
}

std::optional<double> NvmlDevice::power_limit_w() const {
  return scaled(ask<unsigned int>(api_->power_limit, handle_), kMilli);
}

std::optional<double> NvmlDevice::default_power_limit_w() const {
  return scaled(ask<unsigned int>(api_->default_power_limit, handle_), kMilli);
}

std::optional<double> NvmlDevice::energy_j() const {
  return scaled(ask<unsigned long long>(api_->energy, handle_), kMilli);
}

std::optional<double> NvmlDevice::clock_hz(ClockDomain domain, ClockKind kind) const {
  // Clocks of applications are set by their graphics clock, which the SM clock follows.
  const nvmlClockType_t sm =
      kind == ClockKind::now || kind == ClockKind::max ? NVML_CLOCK_SM : NVML_CLOCK_GRAPHICS;
  const nvmlClockType_t type = domain == ClockDomain::sm ? sm : NVML_CLOCK_MEM;
  const auto function = [&] {
    switch (kind) {
    case ClockKind::now:
      return api_->clock;
    case ClockKind::max:
      return api_->max_clock;
    case ClockKind::application:
      return api_->application_clock;
    case ClockKind::default_application:
      return api_->default_application_clock;
    }
    return decltype(api_->clock){};
  }();
  return scaled(ask<unsigned int>(function, handle_, type), kMega);
}

std::optional<ClocksEvents> NvmlDevice::clocks_events() const {
  const auto bits = ask<unsigned long long>(api_->clocks_events, handle_);
  return bits ? std::optional(ClocksEvents(*bits)) : std::nullopt;
}

std::optional<SlowdownSeconds> NvmlDevice::slowdown_s() const {
  const auto [sw_thermal, hw_thermal, hw_power_brake] =
      ask_fields<3>(*api_, handle_,
                    {NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN,
                     NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN,
                     NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN});
  if (!sw_thermal || !hw_thermal || !hw_power_brake)
    return std::nullopt;
  return SlowdownSeconds{*sw_thermal * kNano, *hw_thermal * kNano, *hw_power_brake * kNano};
}

std::optional<double> NvmlDevice::temperature_c() const {
  nvmlTemperature_t reading{};
  reading.version = nvmlTemperature_v1;
  reading.sensorType = NVML_TEMPERATURE_GPU;
  if (api_->temperature == nullptr || api_->temperature(handle_, &reading) != NVML_SUCCESS)
    return std::nullopt;
  return reading.temperature;
}

std::optional<double> NvmlDevice::memory_temperature_c() const {
  return ask_fields<1>(*api_, handle_, {NVML_FI_DEV_MEMORY_TEMP})[0];
}

std::optional<bool> NvmlDevice::ecc_enabled() const {
  nvmlEnableState_t current{};
  const bool known = ask<nvmlEnableState_t>(api_->ecc_mode, handle_, &current).has_value();
  return known ? std::optional(current == NVML_FEATURE_ENABLED) : std::nullopt;
}

std::optional<std::uint64_t> NvmlDevice::ecc_uncorrected() const {
  return ask<unsigned long long>(api_->ecc_errors, handle_, NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
                                 NVML_VOLATILE_ECC);
}

std::optional<bool> NvmlDevice::mig_enabled() const {
  unsigned int current = 0;
  const bool known = ask<unsigned int>(api_->mig_mode, handle_, &current).has_value();
  return known ? std::optional(current == NVML_DEVICE_MIG_ENABLE) : std::nullopt;
}

std::optional<bool> NvmlDevice::persistence_enabled() const {
  const auto mode = ask<nvmlEnableState_t>(api_->persistence, handle_);
  return mode ? std::optional(*mode == NVML_FEATURE_ENABLED) : std::nullopt;
}

std::optional<std::string> NvmlDevice::compute_mode() const {
  const auto mode = ask<nvmlComputeMode_t>(api_->compute_mode, handle_);
  if (!mode)
    return std::nullopt;
  switch (*mode) {
  case NVML_COMPUTEMODE_DEFAULT:
    return "default";
  case NVML_COMPUTEMODE_EXCLUSIVE_PROCESS:
    return "exclusive process";
  case NVML_COMPUTEMODE_PROHIBITED:
    return "prohibited";
  default:
    return std::nullopt;
  }
}

std::optional<DeviceMemory> NvmlDevice::memory() const {
  nvmlMemory_v2_t info{};
  info.version = nvmlMemory_v2;
  if (api_->memory_v2 != nullptr && api_->memory_v2(handle_, &info) == NVML_SUCCESS)
    return DeviceMemory{info.total, info.used, info.free, info.reserved};
  if (const auto old = ask<nvmlMemory_t>(api_->memory, handle_))
    return DeviceMemory{old->total, old->used, old->free, std::nullopt};
  return std::nullopt;
}

std::optional<Utilization> NvmlDevice::utilization() const {
  const auto rates = ask<nvmlUtilization_t>(api_->utilization, handle_);
  if (!rates)
    return std::nullopt;
  return Utilization{static_cast<int>(rates->gpu), static_cast<int>(rates->memory)};
}

std::optional<std::vector<GpuProcess>> NvmlDevice::processes() const {
  std::optional<std::vector<GpuProcess>> all;
  const auto add = [&](ProcessKind kind, decltype(api_->compute_processes) function) {
    const auto infos = list_processes(function, handle_);
    if (!infos)
      return;
    if (!all)
      all.emplace();
    for (const nvmlProcessInfo_t& info : *infos) {
      const int pid = static_cast<int>(info.pid);
      if (std::any_of(all->begin(), all->end(), [&](const auto& p) { return p.pid == pid; }))
        continue; // one process may compute and draw
      constexpr auto kUnknown = static_cast<unsigned long long>(NVML_VALUE_NOT_AVAILABLE);
      GpuProcess process{pid, kind, std::nullopt, process_name(pid)};
      if (info.usedGpuMemory != kUnknown)
        process.memory_bytes = info.usedGpuMemory;
      all->push_back(std::move(process));
    }
  };
  add(ProcessKind::compute, api_->compute_processes);
  add(ProcessKind::graphics, api_->graphics_processes);
  add(ProcessKind::mps, api_->mps_processes);
  if (all)
    std::sort(all->begin(), all->end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return all;
}

} // namespace bench::machine
