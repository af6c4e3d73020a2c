#include <bench/device/backends.h>

#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>

#include <unistd.h>

#include <chrono>
#include <fstream>

namespace bench::device {
namespace {

/// A CPU has finished its work when the call returns, so recording is keeping the call.
class Call final : public Recording {
 public:
  explicit Call(std::function<void()> work) : work_(std::move(work)) {}
  void replay() override { work_(); }
  KernelCounts kernels() const override { return {}; }

 private:
  std::function<void()> work_;
};

class Anywhere final : public Placement {
 public:
  std::int64_t displaced_bytes() const override { return 0; }
};

class NoArena final : public Arena {
 public:
  std::int64_t bytes() const override { return 0; }
  std::unique_ptr<Placement> place(std::int64_t) override { return std::make_unique<Anywhere>(); }
};

/// The value of `key` in a file of "key : value" lines, or "".
std::string proc_value(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(key))
      if (const auto colon = line.find(':'); colon != std::string::npos)
        return line.substr(line.find_first_not_of(" \t", colon + 1));
  return "";
}

std::int64_t proc_bytes(const std::string& key) {
  const std::string value = proc_value("/proc/meminfo", key);
  return value.empty() ? 0 : std::stoll(value) * 1024;
}

class CpuDevice final : public Device {
 public:
  scenario::DeviceKind kind() const override { return scenario::DeviceKind::cpu; }
  std::string name() const override { return proc_value("/proc/cpuinfo", "model name"); }
  std::string uuid() const override { return ""; }
  c10::Device torch_device() const override { return c10::Device(c10::kCPU); }
  std::unique_ptr<measure::Marker> make_marker() override {
    return measure::make_steady_clock_marker();
  }
  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    work();
    return std::make_unique<Call>(work);
  }
  void synchronize() override {}
  void spin(std::int64_t cycles) override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(cycles);
    while (std::chrono::steady_clock::now() < end) {
    }
  }
  std::int64_t free_memory() override { return proc_bytes("MemAvailable"); }
  std::int64_t total_memory() override { return proc_bytes("MemTotal"); }
  std::int64_t l2_bytes() override {
    const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
    return bytes > 0 ? bytes : 32 << 20;
  }
  std::int64_t take_peak_memory() override { return 0; }
  void release_reserves() override {}
  std::unique_ptr<Arena> make_arena(std::int64_t) override { return std::make_unique<NoArena>(); }

 private:
  c10::InferenceMode inference_;
};

} // namespace

std::unique_ptr<Device> open_cpu_device() {
  return std::make_unique<CpuDevice>();
}

} // namespace bench::device
