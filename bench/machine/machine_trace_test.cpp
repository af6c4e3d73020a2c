#include <bench/machine/fake_nvml.h>
#include <bench/machine/machine_trace.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <stdexcept>

namespace bench::machine {
namespace {

using namespace std::chrono_literals;

/// A GPU on which time passes by one moment whenever a reading begins. It does not count joules.
class MachineTrace : public testing::Test {
 protected:
  void SetUp() override { gpu_.energy_mj.reset(); }
  /// Waits until the trace has begun so many readings.
  void wait_for(int readings) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (begun_ < readings && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(100us);
    ASSERT_GE(begun_, readings);
  }
  void on_reading(std::function<void(nvmlDevice_st&, int index)> moment) {
    gpu_.before_fields = [this, moment](nvmlDevice_st& gpu) { moment(gpu, begun_++); };
  }
  NvmlDevice device() { return Nvml(driver_.api()).device(0).value(); }

  FakeNvml driver_;
  nvmlDevice_st& gpu_ = driver_.devices.emplace_back();
  std::atomic<int> begun_ = 0;
};

TEST_F(MachineTrace, IsWhatTheDriverSaidAndKnowsWhatItDidNot) {
  on_reading([](nvmlDevice_st& gpu, int index) {
    gpu.sm_clock_mhz = 1500 + static_cast<unsigned int>(std::min(index, 3));
    gpu.clocks_events = index == 0 ? nvmlClocksEventReasonGpuIdle : nvmlClocksEventReasonSwPowerCap;
    gpu.temperature_c = index == 1 ? 71 : 60;
    gpu.set_field(NVML_FI_DEV_POWER_INSTANT, 600'000U);
    if (index == 1) { // an older driver's only power, and calls that fail
      gpu.fields.erase(NVML_FI_DEV_POWER_INSTANT);
      gpu.power_mw = 300'000;
      gpu.sm_clock_mhz.reset();
    } else if (index == 2) {
      gpu.fields.erase(NVML_FI_DEV_POWER_INSTANT);
      gpu.power_mw.reset();
      gpu.clocks_events.reset();
      gpu.temperature_c.reset();
    }
  });
  TraceRecorder recorder(device(), 1ms);
  wait_for(4);
  const Trace trace = recorder.finish();
  ASSERT_EQ(trace.taken, begun_);
  ASSERT_GE(trace.readings.size(), 5U) << "the last one is of the end";
  const std::vector<Reading>& readings = trace.readings;
  EXPECT_EQ(readings[0].power_w, 600);
  EXPECT_EQ(readings[0].sm_clock_hz, 1500e6);
  EXPECT_TRUE(readings[0].clocks_events.value().has(ClocksEvent::gpu_idle));
  EXPECT_EQ(readings[1].power_w, 300);
  EXPECT_EQ(readings[1].sm_clock_hz, std::nullopt);
  EXPECT_EQ(readings[1].temperature_c, 71);
  EXPECT_EQ(readings[2].power_w, std::nullopt);
  EXPECT_EQ(readings[2].temperature_c, std::nullopt);
  EXPECT_EQ(readings[2].clocks_events, std::nullopt);
  EXPECT_EQ(readings[2].sm_clock_hz, 1502e6);
  for (std::size_t i = 1; i < readings.size(); ++i)
    EXPECT_GT(readings[i].when, readings[i - 1].when);

  const auto n = static_cast<double>(trace.taken);
  EXPECT_NEAR(trace.mean_power_w.value(), (600 * (n - 2) + 300) / (n - 1), 1e-9);
  EXPECT_EQ(trace.highest_temperature_c, 71);
  EXPECT_EQ(trace.clocks_events, (std::map<std::uint64_t, std::int64_t>{
                                     {nvmlClocksEventReasonGpuIdle, 1},
                                     {nvmlClocksEventReasonSwPowerCap, trace.taken - 2}}));
}

TEST_F(MachineTrace, KnowsItsPowerByTheCounterOfJoulesToo) {
  gpu_.count_joules(700);
  on_reading([](nvmlDevice_st&, int) {});
  TraceRecorder recorder(device(), 10ms);
  wait_for(40);
  const Trace trace = recorder.finish();
  ASSERT_TRUE(trace.counted_power_w);
  EXPECT_NEAR(*trace.counted_power_w, 700, 100) << "moments are known to 6 ms, of 0.4 s";
}

TEST_F(MachineTrace, OfADriverThatSaysNothingHasOnlyTimes) {
  gpu_.power_mw.reset();
  gpu_.sm_clock_mhz.reset();
  gpu_.temperature_c.reset();
  gpu_.clocks_events.reset();
  TraceRecorder recorder(device(), 1ms);
  const Trace trace = recorder.finish();
  EXPECT_GE(trace.readings.size(), 1U);
  EXPECT_EQ(trace.counted_power_w, std::nullopt);
  EXPECT_EQ(trace.mean_power_w, std::nullopt);
  EXPECT_EQ(trace.highest_temperature_c, std::nullopt);
  EXPECT_TRUE(trace.clocks_events.empty());
}

TEST_F(MachineTrace, ThatIsLongIsThinnedEvenlyAndForgetsNoReason) {
  on_reading([](nvmlDevice_st& gpu, int index) {
    gpu.set_field(NVML_FI_DEV_POWER_INSTANT, 1000U * static_cast<unsigned int>(index));
    gpu.clocks_events = index == 101 ? nvmlClocksThrottleReasonHwSlowdown : 0;
  });
  TraceRecorder recorder(device(), 100us);
  wait_for(300);
  const Trace trace = recorder.finish();
  EXPECT_EQ(trace.taken, begun_);
  ASSERT_LE(trace.readings.size(), kMostReadings + 1);
  ASSERT_GT(trace.readings.size(), kMostReadings / 2);
  const double apart = trace.readings[1].power_w.value(); // a reading's power is its number
  EXPECT_GE(apart, 8);
  for (std::size_t i = 0; i + 1 < trace.readings.size(); ++i)
    EXPECT_EQ(trace.readings[i].power_w, apart * static_cast<double>(i));
  EXPECT_EQ(trace.readings.back().power_w, static_cast<double>(trace.taken - 1));
  EXPECT_EQ(trace.clocks_events.at(nvmlClocksThrottleReasonHwSlowdown), 1) << "101 is not kept";
}

TEST_F(MachineTrace, CountsReadingsWhoseClockLooksLocked) {
  on_reading([](nvmlDevice_st& gpu, int index) {
    gpu.sm_clock_mhz = 1500;
    gpu.clocks_events = index < 2 ? nvmlClocksEventReasonNone : nvmlClocksEventReasonSwPowerCap;
  });
  TraceRecorder recorder(device(), 100us);
  wait_for(5);
  EXPECT_EQ(recorder.finish().locked, 2);
}

TEST_F(MachineTrace, KeepsItsInterval) {
  const auto start = std::chrono::steady_clock::now();
  TraceRecorder recorder(device(), 20ms);
  std::this_thread::sleep_for(210ms);
  const Trace trace = recorder.finish();
  const auto intervals = (std::chrono::steady_clock::now() - start) / 20ms;
  EXPECT_LE(trace.taken, intervals + 2) << "the first and the last";
  EXPECT_GE(trace.taken, intervals / 3) << "fewer on a machine that is busy with other work";
}

TEST_F(MachineTrace, EndsWithItsScope) {
  on_reading([](nvmlDevice_st&, int) {});
  EXPECT_THROW(
      {
        TraceRecorder recorder(device(), 100us);
        wait_for(2);
        throw std::runtime_error("the measurement broke off");
      },
      std::runtime_error);
  const int begun = begun_;
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(begun_, begun);
}

TEST_F(MachineTrace, DoesNotWaitOutALongInterval) {
  const auto start = std::chrono::steady_clock::now();
  {
    TraceRecorder recorder(device(), 1h);
    EXPECT_EQ(recorder.finish().readings.size(), 2U);
    TraceRecorder thrown_away(device(), 1h);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
}

std::atomic<pid_t> g_handled_on = 0;

TEST_F(MachineTrace, LeavesSignalsToTheThreadThatMeasures) {
  on_reading([](nvmlDevice_st&, int) {});
  g_handled_on = 0;
  const auto before = std::signal(SIGUSR1, [](int) { g_handled_on = gettid(); });
  TraceRecorder recorder(device(), 100us);
  wait_for(1); // its thread has begun
  sigset_t usr1, old;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, &old); // now only the recorder's thread could take it
  kill(getpid(), SIGUSR1);
  wait_for(begun_ + 5);
  EXPECT_EQ(g_handled_on, 0);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  EXPECT_EQ(g_handled_on, gettid());
  std::signal(SIGUSR1, before);
}

} // namespace
} // namespace bench::machine
