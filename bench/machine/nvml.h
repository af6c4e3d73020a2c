#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct nvmlDevice_st; // what NVML's device handle points to

/// NVML, the driver's library for management, opened at run time: a program that uses it also
/// starts on a machine without a driver. What a device or driver cannot tell is absent, never an
/// error. SI units.
namespace bench::machine {

struct NvmlApi;

/// Why the clocks are not as high as possible: the bits of nvmlClocksEventReasons.
enum class ClocksEvent : std::uint64_t {
  gpu_idle = 0x001,
  applications_clocks_setting = 0x002,
  sw_power_cap = 0x004,
  hw_slowdown = 0x008,
  sync_boost = 0x010,
  sw_thermal_slowdown = 0x020,
  hw_thermal_slowdown = 0x040,
  hw_power_brake_slowdown = 0x080,
  display_clock_setting = 0x100,
};

/// A set of ClocksEvent, and bits that a newer driver may add.
class ClocksEvents {
 public:
  ClocksEvents() = default;
  explicit ClocksEvents(std::uint64_t bits) : bits_(bits) {}
  bool has(ClocksEvent event) const { return (bits_ & static_cast<std::uint64_t>(event)) != 0; }
  bool empty() const { return bits_ == 0; }
  std::uint64_t bits() const { return bits_; }
  /// As NVML spells them: {"GpuIdle", "SwPowerCap"}; an unknown bit as "0x200".
  std::vector<std::string> names() const;

 private:
  std::uint64_t bits_ = 0;
};

/// For how long, since the driver was loaded, the clocks were held down by what a measurement
/// cannot bear; two readings tell what a glance at ClocksEvents between them may have missed.
struct SlowdownSeconds {
  double sw_thermal = 0;
  double hw_thermal = 0;
  double hw_power_brake = 0;
};

enum class ClockDomain { sm, memory };
enum class ClockKind { now, max, application, default_application };

struct DeviceMemory {
  std::uint64_t total_bytes = 0;
  std::uint64_t used_bytes = 0; ///< allocated; with the driver's reserve where that is unknown
  std::uint64_t free_bytes = 0;
  std::optional<std::uint64_t> reserved_bytes; ///< by driver and firmware, not part of used_bytes
};

struct Utilization {
  int gpu_percent = 0;    ///< of the last 1/6..1 s, with any kernel running
  int memory_percent = 0; ///< of it, with memory being read or written
};

enum class ProcessKind { compute, graphics, mps };
std::string_view to_string(ProcessKind kind);

struct GpuProcess {
  int pid = 0;
  ProcessKind kind = ProcessKind::compute;
  std::optional<std::uint64_t> memory_bytes;
  std::string name; ///< "" when /proc does not show it: in another container, or gone
};

class NvmlDevice {
 public:
  NvmlDevice(std::shared_ptr<const NvmlApi> api, nvmlDevice_st* handle);

  std::optional<std::string> name() const;
  std::optional<std::string> uuid() const;       ///< "GPU-..." or "MIG-..."
  std::optional<std::string> pci_bus_id() const; ///< "00000000:18:00.0"
  std::optional<std::string> vbios() const;
  std::optional<std::string> compute_capability() const; ///< "9.0"

  std::optional<double> power_w() const;         ///< mean of the last second (Ampere and newer)
  std::optional<double> instant_power_w() const; ///< as it is now, renewed about every 0.1 s
  std::optional<double> power_limit_w() const;   ///< enforced, whoever set it
  std::optional<double> default_power_limit_w() const;
  std::optional<double> energy_j() const; ///< since the driver was loaded

  std::optional<double> clock_hz(ClockDomain domain, ClockKind kind) const;
  std::optional<ClocksEvents> clocks_events() const;
  std::optional<SlowdownSeconds> slowdown_s() const;

  std::optional<double> temperature_c() const;
  std::optional<double> memory_temperature_c() const;

  std::optional<bool> ecc_enabled() const;
  std::optional<std::uint64_t> ecc_uncorrected() const; ///< since the driver was loaded
  std::optional<bool> mig_enabled() const;
  std::optional<bool> persistence_enabled() const;
  std::optional<std::string> compute_mode() const; ///< "default", "exclusive process", ...

  std::optional<DeviceMemory> memory() const;
  std::optional<Utilization> utilization() const;
  /// Each process once, sorted by pid; absent when no kind of them can be listed.
  std::optional<std::vector<GpuProcess>> processes() const;

 private:
  std::shared_ptr<const NvmlApi> api_;
  nvmlDevice_st* handle_;
};

class Nvml {
 public:
  /// Opens libnvidia-ml.so.1. Does not throw: see available().
  static Nvml load();
  /// Initialises the library behind `api`, and shuts it down when the last copy and device go.
  explicit Nvml(const NvmlApi& api);

  bool available() const { return api_ != nullptr; }
  /// Why not available, in a few words; "" when it is.
  const std::string& reason() const { return reason_; }

  std::optional<std::string> driver_version() const; ///< "580.159.03"
  std::optional<std::string> cuda_version() const;   ///< the newest that the driver runs: "13.0"

  /// In PCI order.
  std::vector<NvmlDevice> devices() const;
  std::optional<NvmlDevice> device(int index) const;
  std::optional<NvmlDevice> device(std::string_view uuid) const;

 private:
  explicit Nvml(std::string reason) : reason_(std::move(reason)) {}

  std::shared_ptr<const NvmlApi> api_;
  std::string reason_;
};

/// The device that CUDA would number 0 under this value of CUDA_VISIBLE_DEVICES (absent: not set):
/// the first of its entries, an index or a UUID that may be cut short. Indices count in PCI order;
/// CUDA by default puts the fastest first, so on a machine of unequal GPUs compare the UUID with
/// what CUDA says.
std::optional<NvmlDevice> visible_device(const Nvml& nvml,
                                         std::optional<std::string_view> cuda_visible_devices);
/// The same for this process's environment.
std::optional<NvmlDevice> visible_device(const Nvml& nvml);

} // namespace bench::machine
