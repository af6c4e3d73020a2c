#include <bench/machine/fake_nvml.h>
#include <bench/machine/nvml.h>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace bench::machine {
namespace {

using Names = std::vector<std::string>;

class NvmlTest : public testing::Test {
 protected:
  nvmlDevice_st& add_device() { return driver_.devices.emplace_back(); }
  NvmlDevice first() { return Nvml(driver_.api()).device(0).value(); }

  FakeNvml driver_;
};

TEST_F(NvmlTest, ReadsInSiUnits) {
  nvmlDevice_st& fake = add_device();
  fake.set_field(NVML_FI_DEV_MEMORY_TEMP, 44U);
  const NvmlDevice device = first();
  EXPECT_EQ(device.name(), "NVIDIA H200");
  EXPECT_EQ(device.uuid(), "GPU-11111111-0000-0000-0000-000000000000");
  EXPECT_EQ(device.pci_bus_id(), "00000000:18:00.0");
  EXPECT_EQ(device.vbios(), "96.00.BC.00.01");
  EXPECT_EQ(device.compute_capability(), "9.0");
  EXPECT_DOUBLE_EQ(device.power_w().value(), 76.543);
  EXPECT_DOUBLE_EQ(device.power_limit_w().value(), 700);
  EXPECT_DOUBLE_EQ(device.default_power_limit_w().value(), 700);
  EXPECT_DOUBLE_EQ(device.energy_j().value(), 5000000.5);
  EXPECT_DOUBLE_EQ(device.clock_hz(ClockDomain::sm, ClockKind::now).value(), 345e6);
  EXPECT_DOUBLE_EQ(device.clock_hz(ClockDomain::sm, ClockKind::max).value(), 1980e6);
  EXPECT_DOUBLE_EQ(device.clock_hz(ClockDomain::memory, ClockKind::now).value(), 3201e6);
  EXPECT_DOUBLE_EQ(device.clock_hz(ClockDomain::sm, ClockKind::application).value(), 1980e6);
  EXPECT_DOUBLE_EQ(device.clock_hz(ClockDomain::sm, ClockKind::default_application).value(),
                   1980e6);
  EXPECT_EQ(device.temperature_c(), 31);
  EXPECT_EQ(device.memory_temperature_c(), 44);
  EXPECT_EQ(device.ecc_enabled(), true);
  EXPECT_EQ(device.ecc_uncorrected(), 0U);
  EXPECT_EQ(device.mig_enabled(), false);
  EXPECT_EQ(device.persistence_enabled(), true);
  EXPECT_EQ(device.compute_mode(), "default");
  EXPECT_EQ(device.memory().value().used_bytes, 2097152U);
  EXPECT_EQ(device.memory().value().reserved_bytes, 650117120U);
  EXPECT_EQ(device.utilization().value().gpu_percent, 0);
  EXPECT_TRUE(device.processes().value().empty());
}

TEST_F(NvmlTest, WhatTheDeviceDoesNotSupportIsAbsent) {
  nvmlDevice_st& fake = add_device();
  fake.name = fake.vbios = fake.pci_bus_id = std::nullopt;
  fake.compute_capability.reset();
  fake.power_mw = fake.power_limit_mw = fake.sm_clock_mhz = fake.application_clock_mhz = {};
  fake.energy_mj = fake.clocks_events = fake.ecc_uncorrected = {};
  fake.temperature_c.reset();
  fake.ecc_enabled = fake.mig_enabled = fake.persistence_enabled = {};
  fake.compute_mode.reset();
  fake.memory.reset();
  fake.memory_v2.reset();
  fake.utilization.reset();
  fake.compute_processes.reset();
  fake.graphics_processes.reset();
  const NvmlDevice device = first();
  EXPECT_FALSE(device.name());
  EXPECT_FALSE(device.vbios());
  EXPECT_FALSE(device.pci_bus_id());
  EXPECT_FALSE(device.compute_capability());
  EXPECT_FALSE(device.power_w());
  EXPECT_FALSE(device.power_limit_w());
  EXPECT_FALSE(device.energy_j());
  EXPECT_FALSE(device.clock_hz(ClockDomain::sm, ClockKind::now));
  EXPECT_FALSE(device.clock_hz(ClockDomain::sm, ClockKind::application));
  EXPECT_FALSE(device.clocks_events());
  EXPECT_FALSE(device.slowdown_s());
  EXPECT_FALSE(device.temperature_c());
  EXPECT_FALSE(device.memory_temperature_c());
  EXPECT_FALSE(device.ecc_enabled());
  EXPECT_FALSE(device.ecc_uncorrected());
  EXPECT_FALSE(device.mig_enabled());
  EXPECT_FALSE(device.persistence_enabled());
  EXPECT_FALSE(device.compute_mode());
  EXPECT_FALSE(device.memory());
  EXPECT_FALSE(device.utilization());
  EXPECT_FALSE(device.processes());
}

TEST_F(NvmlTest, WhatTheDriverLacksIsAbsent) {
  add_device();
  NvmlApi old;
  const NvmlApi now = driver_.api();
  old.init = now.init;
  old.shutdown = now.shutdown;
  old.count = now.count;
  old.by_index = now.by_index;
  old.memory = now.memory;
  const Nvml nvml(old);
  ASSERT_TRUE(nvml.available());
  EXPECT_FALSE(nvml.driver_version());
  EXPECT_FALSE(nvml.cuda_version());
  EXPECT_FALSE(nvml.device("GPU-11111111-0000-0000-0000-000000000000"));
  const NvmlDevice device = nvml.device(0).value();
  EXPECT_FALSE(device.name());
  EXPECT_FALSE(device.temperature_c());
  EXPECT_FALSE(device.memory_temperature_c());
  EXPECT_FALSE(device.processes());
  EXPECT_EQ(device.memory().value().used_bytes, 652214272U);
  EXPECT_FALSE(device.memory().value().reserved_bytes);
}

TEST_F(NvmlTest, NamesClocksEvents) {
  add_device().clocks_events =
      nvmlClocksEventReasonSwPowerCap | nvmlClocksThrottleReasonHwThermalSlowdown | 0x600ULL;
  const ClocksEvents events = first().clocks_events().value();
  EXPECT_EQ(events.names(), (Names{"SwPowerCap", "HwThermalSlowdown", "0x200", "0x400"}));
  EXPECT_TRUE(events.has(ClocksEvent::sw_power_cap));
  EXPECT_FALSE(events.has(ClocksEvent::hw_slowdown));
  EXPECT_TRUE(ClocksEvents().names().empty());
}

TEST_F(NvmlTest, CountsSlowdowns) {
  nvmlDevice_st& fake = add_device();
  fake.set_field(NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN, 1500000000ULL);
  fake.set_field(NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN, 2U);
  fake.set_field(NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN, 0ULL);
  const SlowdownSeconds seconds = first().slowdown_s().value();
  EXPECT_DOUBLE_EQ(seconds.sw_thermal, 1.5);
  EXPECT_DOUBLE_EQ(seconds.hw_thermal, 2e-9);
  EXPECT_DOUBLE_EQ(seconds.hw_power_brake, 0);
}

TEST_F(NvmlTest, ListsEachProcessOnceWithItsName) {
  nvmlDevice_st& fake = add_device();
  const auto self = static_cast<unsigned int>(getpid());
  constexpr unsigned int kNobody = 0x7ffffff0; // above any pid_max
  constexpr auto kUnknown = static_cast<unsigned long long>(NVML_VALUE_NOT_AVAILABLE);
  fake.compute_processes = {{kNobody, kUnknown, ~0U, ~0U}, {self, 1 << 20, ~0U, ~0U}};
  fake.graphics_processes = {{self, 1 << 20, ~0U, ~0U}};
  const std::vector<GpuProcess> processes = first().processes().value();
  ASSERT_EQ(processes.size(), 2U);
  EXPECT_EQ(processes[0].pid, getpid());
  EXPECT_EQ(processes[0].name, "machine_test");
  EXPECT_EQ(processes[0].kind, ProcessKind::compute);
  EXPECT_EQ(processes[0].memory_bytes, 1U << 20);
  EXPECT_EQ(processes[1].name, "");
  EXPECT_FALSE(processes[1].memory_bytes);
}

TEST_F(NvmlTest, ListsMoreProcessesThanItFirstMakesRoomFor) {
  std::vector<nvmlProcessInfo_t> many(300);
  for (unsigned int i = 0; i < many.size(); ++i)
    many[i].pid = 1000 + i;
  add_device().compute_processes = many;
  EXPECT_EQ(first().processes().value().size(), 300U);
}

TEST_F(NvmlTest, InitialisesOnceAndShutsDownAfterTheLastDevice) {
  add_device();
  {
    std::optional<Nvml> nvml(driver_.api());
    const std::vector<NvmlDevice> devices = nvml->devices();
    EXPECT_EQ(devices.size(), 1U);
    nvml.reset();
    EXPECT_EQ(driver_.initialised, 1);
    EXPECT_EQ(devices[0].name(), "NVIDIA H200");
  }
  EXPECT_EQ(driver_.initialised, 0);
}

TEST_F(NvmlTest, SaysWhyItDoesNotStart) {
  add_device();
  driver_.init_status = NVML_ERROR_DRIVER_NOT_LOADED;
  const Nvml unloaded(driver_.api());
  EXPECT_FALSE(unloaded.available());
  EXPECT_EQ(unloaded.reason(), "the NVIDIA driver is installed but not loaded");
  EXPECT_TRUE(unloaded.devices().empty());
  EXPECT_FALSE(visible_device(unloaded, std::nullopt));
  driver_.init_status = NVML_ERROR_UNKNOWN;
  EXPECT_EQ(Nvml(driver_.api()).reason(), "NVML does not start (some reason)");
  EXPECT_EQ(driver_.initialised, 0);
}

TEST_F(NvmlTest, TellsVersions) {
  const Nvml nvml(driver_.api());
  EXPECT_EQ(nvml.driver_version(), "580.159.03");
  EXPECT_EQ(nvml.cuda_version(), "13.0");
}

TEST_F(NvmlTest, VisibleDeviceFollowsCuda) {
  add_device().uuid = "GPU-aaaa1111";
  add_device().uuid = "GPU-aaaa2222";
  add_device().uuid = "GPU-bbbb3333";
  const Nvml nvml(driver_.api());
  const auto visible = [&](std::optional<std::string_view> value) {
    const auto device = visible_device(nvml, value);
    return device ? device->uuid().value() : "none";
  };
  EXPECT_EQ(visible(std::nullopt), "GPU-aaaa1111");
  EXPECT_EQ(visible("1"), "GPU-aaaa2222");
  EXPECT_EQ(visible("2,0"), "GPU-bbbb3333");
  EXPECT_EQ(visible("GPU-bbbb3333"), "GPU-bbbb3333");
  EXPECT_EQ(visible(" GPU-b ,0"), "GPU-bbbb3333");
  EXPECT_EQ(visible("GPU-aaaa"), "none"); // two begin so
  EXPECT_EQ(visible(""), "none");
  EXPECT_EQ(visible("-1"), "none");
  EXPECT_EQ(visible("3,0"), "none"); // an entry unknown to CUDA hides what follows it
  EXPECT_EQ(visible("NoDevFiles"), "none");
}

TEST(Nvml, LoadsTheDriverOrSaysThatThereIsNone) {
  const Nvml nvml = Nvml::load();
  if (void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW)) {
    dlclose(library);
    EXPECT_EQ(nvml.available(), nvml.reason().empty()) << nvml.reason();
  } else {
    EXPECT_FALSE(nvml.available());
    EXPECT_EQ(nvml.reason().rfind("no NVIDIA driver (libnvidia-ml.so.1:", 0), 0U) << nvml.reason();
    EXPECT_TRUE(nvml.devices().empty());
    EXPECT_FALSE(nvml.driver_version());
    EXPECT_FALSE(visible_device(nvml));
  }
}

} // namespace
} // namespace bench::machine
