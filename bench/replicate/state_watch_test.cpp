#include <bench/machine/fake_nvml.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/no_progress.h>
#include <bench/replicate/state_watch.h>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <string>
#include <thread>

namespace bench::replicate {
namespace {

using namespace std::chrono_literals;

/// Four steps a loop of 5 ms each, which the host itself takes.
class SlowWorkload final : public measure::Workload {
 public:
  int steps() const override { return 4; }
  void begin() override {}
  void step(int) override { std::this_thread::sleep_for(5ms); }
};

class SampleWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    gpu_.clocks_events = nvmlClocksEventReasonSwPowerCap;
    gpu_.temperature_c = 60;
    gpu_.energy_mj.reset();
    gpu_.before_fields = [this](nvmlDevice_st& gpu) {
      gpu.set_field(NVML_FI_DEV_POWER_INSTANT, 690'040U + 1000U * static_cast<unsigned>(begun_));
      ++begun_;
    };
  }

  /// Samples loops under a watch.
  std::string sample(double interval_s, int loops = 3) {
    SampleWatch watch(machine::Nvml(driver_.api()).device(0), interval_s);
    SlowWorkload workload;
    measure::NoProgress progress;
    const auto marker = measure::make_steady_clock_marker();
    measure::SamplePlan plan{.loops = loops};
    plan.on_steady = [&] { watch.start(); };
    sampled_ = measure::sample_loops(workload, *marker, plan, progress);
    return watch.end(replicate_, sampled_);
  }

  machine::FakeNvml driver_;
  nvmlDevice_st& gpu_ = driver_.devices.emplace_back();
  std::atomic<int> begun_ = 0;
  measure::Sampled sampled_;
  results::Replicate replicate_;
};

TEST_F(SampleWatchTest, NotesATraceOnTheTimeAxisOfTheSamples) {
  EXPECT_EQ(sample(0.01), "");
  ASSERT_TRUE(replicate_.trace);
  const results::Trace& trace = *replicate_.trace;
  ASSERT_GE(trace.t_s.size(), 2U);
  ASSERT_EQ(trace.power_w.size(), trace.t_s.size());
  constexpr double kBusyMachine = 0.2;
  EXPECT_NEAR(trace.t_s.front(), 0, kBusyMachine);
  const measure::Span &first = sampled_.samples.front().span, &last = sampled_.samples.back().span;
  EXPECT_NEAR(trace.t_s.back(), last.start_s + last.t_s - first.start_s, kBusyMachine);
  EXPECT_TRUE(std::ranges::is_sorted(trace.t_s));
  EXPECT_EQ(trace.power_w[0], 690.0) << "to 0.1 W";
  EXPECT_EQ(trace.power_w[1], 691.0);
  EXPECT_EQ(trace.sm_clock_hz[0], 345e6);
  EXPECT_EQ(trace.temperature_c[0], 60);
  EXPECT_EQ(trace.clocks_events[0], nvmlClocksEventReasonSwPowerCap);

  auto& known = replicate_.machine;
  EXPECT_EQ(known["sampled"]["readings"], begun_);
  EXPECT_FALSE(known["sampled"].contains("energy_j")) << "it has no counter";
  EXPECT_NEAR(known["sampled"]["power_w"], 690 + (begun_ - 1) / 2.0, 0.051);
  EXPECT_EQ(known["sampled"]["temperature_c"], 60);
  EXPECT_EQ(known["clocks_events"], (std::map<std::string, double>{{"SwPowerCap", 1}}));
}

TEST_F(SampleWatchTest, CountsReasonsByTheirShare) {
  gpu_.before_fields = [this](nvmlDevice_st& gpu) {
    gpu.clocks_events = begun_++ == 0
                            ? nvmlClocksEventReasonSwPowerCap | nvmlClocksEventReasonSyncBoost
                            : nvmlClocksEventReasonSwPowerCap;
  };
  EXPECT_EQ(sample(0.01), "") << "a power limit and a boost group spoil nothing";
  EXPECT_EQ(replicate_.machine["clocks_events"],
            (std::map<std::string, double>{{"SwPowerCap", 1}, {"SyncBoost", 1.0 / begun_}}));
}

TEST_F(SampleWatchTest, ASlowdownThatNeitherEndShowsIsFound) {
  gpu_.before_fields = [this](nvmlDevice_st& gpu) {
    gpu.clocks_events = begun_++ == 1 ? nvmlClocksThrottleReasonHwSlowdown : 0;
  };
  EXPECT_EQ(sample(0.01), "while it was sampled: the hardware halves the clocks (HwSlowdown)");
}

TEST_F(SampleWatchTest, KnowsTheJoulesOfItsSteps) {
  gpu_.count_joules(700);
  EXPECT_EQ(sample(0.01, 20), "");
  auto& known = replicate_.machine["sampled"];
  EXPECT_EQ(known["steps"], 80);
  EXPECT_NEAR(known["energy_j"], 700 * sampled_.seconds, 100 * sampled_.seconds);
}

TEST_F(SampleWatchTest, WithoutAnIntervalReadsNothing) {
  EXPECT_EQ(sample(0), "");
  EXPECT_FALSE(replicate_.trace);
  EXPECT_EQ(begun_, 0);
  EXPECT_FALSE(replicate_.machine.contains("sampled"));
}

TEST_F(SampleWatchTest, WithoutAGpuNotesNothing) {
  SampleWatch watch(std::nullopt, 0.1);
  watch.start();
  EXPECT_EQ(watch.end(replicate_, {}), "");
  EXPECT_TRUE(replicate_.machine.empty());
  EXPECT_FALSE(replicate_.trace);
}

TEST_F(SampleWatchTest, ASignalEndsTheReadings) {
  measure::catch_interrupts();
  gpu_.before_fields = [this](nvmlDevice_st&) {
    if (begun_++ == 3)
      kill(getpid(), SIGINT); // to the process, as a terminal does
  };
  EXPECT_THROW(sample(0.001), measure::Interrupted);
  const int begun = begun_;
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(begun_, begun);
  measure::catch_interrupts();
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

class StateWatchTest : public SampleWatchTest {
 protected:
  static nvmlProcessInfo_t process(pid_t pid, unsigned long long mib) {
    return {static_cast<unsigned int>(pid), mib << 20, ~0U, ~0U};
  }
  void SetUp() override {
    gpu_.compute_processes = {process(getpid(), 500)};
    gpu_.memory_v2->used = 502ULL << 20;
  }
  /// What spoiled a measurement that does `work`.
  std::string watch(const std::function<void()>& work) {
    StateWatch watch(machine::Nvml(driver_.api()).device(0));
    watch.before(replicate_);
    work();
    return watch.after(replicate_);
  }

  static constexpr pid_t kNobody = 0x7ffffff0; // above any pid_max
};

TEST_F(StateWatchTest, NotesStateAndProcessesAtBothEnds) {
  EXPECT_EQ(watch([&] { gpu_.clocks_events = nvmlClocksEventReasonSwPowerCap; }), "");
  auto& known = replicate_.machine;
  EXPECT_EQ(known["before"]["clocks_events"], nvmlClocksEventReasonGpuIdle);
  EXPECT_EQ(known["after"]["clocks_events"], nvmlClocksEventReasonSwPowerCap);
  EXPECT_EQ(known["after"]["application_sm_clock_hz"], 1980e6);
  EXPECT_EQ(known["after"]["ecc"], 1);
  EXPECT_EQ(known["after"]["ecc_uncorrected"], 0);
  EXPECT_EQ(known["after"]["mig"], 0);
  EXPECT_EQ(known["after"]["processes"], 1);
  ASSERT_EQ(replicate_.processes.size(), 2U);
  EXPECT_EQ(replicate_.processes[0].when, "before");
  EXPECT_EQ(replicate_.processes[1].when, "after");
  EXPECT_EQ(replicate_.processes[1].pid, getpid());
  EXPECT_EQ(replicate_.processes[1].kind, "compute");
  EXPECT_EQ(replicate_.processes[1].memory_bytes, 500 << 20);
  EXPECT_FALSE(replicate_.processes[1].foreign);
}

TEST_F(StateWatchTest, AForeignProcessAtEitherEndIsNamed) {
  const auto arrive = [&] { gpu_.compute_processes->push_back(process(kNobody, 0)); };
  EXPECT_EQ(watch(arrive), "just after it was measured: compute process 2147483632 (not visible "
                           "from here) is on the GPU");
  EXPECT_EQ(watch([&] { gpu_.compute_processes->pop_back(); }),
            "just before it was measured: compute process 2147483632 (not visible from here) is on "
            "the GPU");
  ASSERT_EQ(replicate_.processes.size(), 3U) << "of this measurement alone";
  EXPECT_TRUE(replicate_.processes[1].foreign);
  EXPECT_EQ(watch([] {}), "") << "the next case is well again";
}

TEST_F(StateWatchTest, SoIsTheParentOfThisProcess) {
  const std::string found =
      watch([&] { gpu_.compute_processes->push_back(process(getppid(), 0)); });
  EXPECT_TRUE(found.starts_with("just after it was measured: compute process " +
                                std::to_string(getppid()) + " ("))
      << found;
}

TEST_F(StateWatchTest, AProcessThatThisOneStartedIsItsOwn) {
  const pid_t worker = fork();
  if (worker == 0) {
    pause();
    _exit(0);
  }
  gpu_.compute_processes->push_back(process(worker, 700));
  gpu_.memory_v2->used = 1202ULL << 20;
  EXPECT_EQ(watch([] {}), "");
  EXPECT_EQ(replicate_.machine["after"]["processes"], 2);
  EXPECT_FALSE(replicate_.processes.back().foreign);
  kill(worker, SIGKILL);
  waitpid(worker, nullptr, 0);
  EXPECT_NE(watch([] {}), "") << "whoever has its number now";
}

TEST_F(StateWatchTest, SomeoneInAnotherContainerIsSeenByTheirMemory) {
  EXPECT_EQ(watch([&] { gpu_.memory_v2->used += 600ULL << 20; }),
            "just after it was measured: 602 MiB of GPU memory are used by a process that is not "
            "visible from here");
}

TEST_F(StateWatchTest, WhereTheDriverListsNoProcessesNobodyIsForeign) {
  gpu_.compute_processes.reset();
  gpu_.graphics_processes.reset();
  EXPECT_EQ(watch([] {}), "");
  EXPECT_TRUE(replicate_.processes.empty());
  EXPECT_FALSE(replicate_.machine["after"].contains("processes"));
}

TEST_F(StateWatchTest, ClocksThatAreSetInTheMiddleSpoil) {
  EXPECT_EQ(watch([&] { gpu_.application_clock_mhz = 1500; }),
            "the application clock went from 1980 to 1500 MHz while it was measured");
}

TEST_F(SampleWatchTest, NotesHowOftenTheClockLookedLocked) {
  gpu_.clocks_events = nvmlClocksEventReasonNone;
  gpu_.sm_clock_mhz = 1500;
  EXPECT_EQ(sample(0.01), "");
  EXPECT_EQ(replicate_.machine["sampled"]["locked"], 1);
  EXPECT_TRUE(looked_locked(replicate_));
}

} // namespace
} // namespace bench::replicate
