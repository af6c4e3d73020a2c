#pragma once

#include <bench/machine/nvml_api.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// A GPU of the fake driver, in NVML's own units, as an H200 idles. What is emptied is answered by
/// NVML_ERROR_NOT_SUPPORTED.
struct nvmlDevice_st {
  std::optional<std::string> name = "NVIDIA H200";
  std::optional<std::string> uuid = "GPU-11111111-0000-0000-0000-000000000000";
  std::optional<std::string> pci_bus_id = "00000000:18:00.0";
  std::optional<std::string> vbios = "96.00.BC.00.01";
  std::optional<std::pair<int, int>> compute_capability = std::pair(9, 0);
  std::optional<unsigned int> power_mw = 76543;
  std::optional<unsigned int> power_limit_mw = 700000;
  std::optional<unsigned int> default_power_limit_mw = 700000;
  std::optional<unsigned long long> energy_mj = 5000000500ULL;
  std::optional<unsigned int> sm_clock_mhz = 345;
  std::optional<unsigned int> max_sm_clock_mhz = 1980;
  std::optional<unsigned int> memory_clock_mhz = 3201;
  std::optional<unsigned int> max_memory_clock_mhz = 3201;
  std::optional<unsigned int> application_clock_mhz = 1980;
  std::optional<unsigned int> default_application_clock_mhz = 1980;
  std::optional<unsigned long long> clocks_events = nvmlClocksEventReasonGpuIdle;
  std::optional<int> temperature_c = 31;
  std::map<unsigned int, nvmlFieldValue_t> fields; ///< by field id; others are not supported
  /// Called when fields are asked for, which a reading of a trace does first: a test lets time
  /// pass.
  std::function<void(nvmlDevice_st&)> before_fields;
  std::function<void(nvmlDevice_st&)> before_energy; ///< likewise, when joules are asked for
  std::optional<bool> ecc_enabled = true;
  std::optional<unsigned long long> ecc_uncorrected = 0;
  std::optional<bool> mig_enabled = false;
  std::optional<bool> persistence_enabled = true;
  std::optional<nvmlComputeMode_t> compute_mode = NVML_COMPUTEMODE_DEFAULT;
  std::optional<nvmlMemory_v2_t> memory_v2 =
      nvmlMemory_v2_t{nvmlMemory_v2, 150754820096, 650117120, 150102605824, 2097152};
  std::optional<nvmlMemory_t> memory = nvmlMemory_t{150754820096, 150102605824, 652214272};
  std::optional<nvmlUtilization_t> utilization = nvmlUtilization_t{0, 0};
  std::optional<std::vector<nvmlProcessInfo_t>> compute_processes{std::in_place};
  std::optional<std::vector<nvmlProcessInfo_t>> graphics_processes{std::in_place};
  std::optional<std::vector<nvmlProcessInfo_t>> mps_processes;

  void set_field(unsigned int id, unsigned int value);
  void set_field(unsigned int id, unsigned long long value);
  /// From now on the counter of joules moves every 20 ms, at that power.
  void count_joules(unsigned int watts);
};

namespace bench::machine {

/// The driver whose functions api() returns. One at a time: the functions have no state of their
/// own and find it through a global.
class FakeNvml {
 public:
  FakeNvml();
  ~FakeNvml();
  FakeNvml(const FakeNvml&) = delete;
  FakeNvml& operator=(const FakeNvml&) = delete;

  NvmlApi api() const;

  std::deque<nvmlDevice_st> devices; ///< a handle is the address of one
  nvmlReturn_t init_status = NVML_SUCCESS;
  int initialised = 0; ///< inits without their shutdown
};

} // namespace bench::machine
