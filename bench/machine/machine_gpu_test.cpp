#include <bench/machine/machine.h>
#include <bench/machine/machine_trace.h>

#include <gtest/gtest.h>

namespace bench::machine {
namespace {

/// Holds for any Hopper that is not partitioned, whatever else runs on it.
TEST(MachineOnGpu, TheDriverTellsWhatSpoilersAsk) {
  const Nvml nvml = Nvml::load();
  ASSERT_TRUE(nvml.available()) << nvml.reason();
  const auto device = visible_device(nvml);
  ASSERT_TRUE(device);
  const MachineState state = machine_state(*device);
  EXPECT_FALSE(state.name.empty());
  EXPECT_EQ(state.uuid.rfind("GPU-", 0), 0U) << state.uuid;
  EXPECT_EQ(nvml.device(state.uuid).value().uuid(), state.uuid);
  EXPECT_EQ(device->compute_capability(), "9.0");

  ASSERT_TRUE(state.sm_clock_hz && state.max_sm_clock_hz);
  EXPECT_GT(*state.sm_clock_hz, 100e6);
  EXPECT_LE(*state.sm_clock_hz, *state.max_sm_clock_hz);
  EXPECT_LT(*state.max_sm_clock_hz, 3e9);
  ASSERT_TRUE(state.power_w && state.power_limit_w && state.default_power_limit_w);
  EXPECT_GT(*state.power_w, 20);
  EXPECT_LT(*state.power_w, 1000);
  EXPECT_GE(*state.power_limit_w, 200);
  ASSERT_TRUE(state.temperature_c);
  EXPECT_GT(*state.temperature_c, 10);
  EXPECT_LT(*state.temperature_c, 110);
  ASSERT_TRUE(state.memory);
  EXPECT_TRUE(state.memory->reserved_bytes);
  EXPECT_GT(state.memory->total_bytes, 70ULL << 30);
  EXPECT_TRUE(state.clocks_events);
  EXPECT_TRUE(state.slowdown_s);
  EXPECT_TRUE(state.memory_temperature_c);
  EXPECT_TRUE(state.energy_j);
  EXPECT_TRUE(state.ecc_uncorrected);
  EXPECT_EQ(state.mig_enabled, false);
  EXPECT_TRUE(state.processes);
}

TEST(MachineOnGpu, TheCounterOfEnergyRuns) {
  const Nvml nvml = Nvml::load();
  const NvmlDevice device = visible_device(nvml).value();
  const double before = device.energy_j().value();
  double after = before;
  for (int i = 0; i < 100'000 && after == before; ++i)
    after = device.energy_j().value();
  EXPECT_GT(after, before);
  EXPECT_LT(after - before, 10'000); // an idle or busy GPU for seconds: joules, not millijoules
}

/// Of whatever the GPU does just now; machine_trace_gpu_test.cu has one of a busy GPU.
TEST(MachineOnGpu, ATraceHasEveryColumn) {
  const NvmlDevice device = visible_device(Nvml::load()).value();
  EXPECT_TRUE(device.instant_power_w());
  TraceRecorder recorder(device, std::chrono::milliseconds(100));
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  const Trace trace = recorder.finish();
  ASSERT_EQ(trace.readings.size(), 4U);
  for (const Reading& reading : trace.readings) {
    EXPECT_TRUE(reading.sm_clock_hz);
    EXPECT_TRUE(reading.temperature_c);
    EXPECT_TRUE(reading.clocks_events);
    EXPECT_GT(reading.power_w.value_or(0), 20);
    EXPECT_LT(reading.power_w.value_or(1e9), 1000);
  }
}

} // namespace
} // namespace bench::machine
