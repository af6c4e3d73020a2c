#include <bench/machine/fake_nvml.h>
#include <bench/machine/machine.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace bench::machine {
namespace {

constexpr unsigned long long kMib = 1ULL << 20;
constexpr unsigned int kNobody =
    0x7ffffff0; // above any pid_max: a process that /proc does not show

class SpoilersTest : public testing::Test {
 protected:
  MachineState state() { return machine_state(Nvml(driver_.api()).device(0).value()); }

  /// "error: ..." and "warning: ..." of each finding.
  static std::vector<std::string> lines(const std::vector<Finding>& findings) {
    std::vector<std::string> lines;
    for (const Finding& finding : findings) {
      EXPECT_FALSE(finding.mend.empty()) << finding.line;
      lines.push_back((finding.severity == Severity::error ? "error: " : "warning: ") +
                      finding.line);
    }
    return lines;
  }
  std::vector<std::string> spoiled(const std::vector<int>& own_pids = {}) {
    return lines(spoilers(state(), own_pids));
  }

  FakeNvml driver_;
  nvmlDevice_st& gpu_ = driver_.devices.emplace_back();
};

using Lines = std::vector<std::string>;

TEST_F(SpoilersTest, AnIdleGpuHasNone) {
  EXPECT_EQ(spoiled(), Lines{});
}

TEST_F(SpoilersTest, NeitherHasABusyOneAtItsPowerLimitThatRunsOnlyUs) {
  gpu_.clocks_events = nvmlClocksEventReasonSwPowerCap;
  gpu_.sm_clock_mhz = 1500;
  gpu_.utilization = nvmlUtilization_t{100, 60};
  gpu_.compute_processes = {{static_cast<unsigned int>(getpid()), 13000 * kMib, ~0U, ~0U}};
  gpu_.memory_v2->used = 13002 * kMib;
  EXPECT_EQ(spoiled({getpid()}), Lines{});
}

TEST_F(SpoilersTest, NeitherHasADeviceThatTellsNothing) {
  MachineState blank;
  EXPECT_EQ(lines(spoilers(blank)), Lines{});
  EXPECT_EQ(lines(spoilers_between(blank, state())), Lines{});
}

TEST_F(SpoilersTest, ForeignProcesses) {
  gpu_.compute_processes = {{static_cast<unsigned int>(getpid()), 500 * kMib, ~0U, ~0U}};
  gpu_.graphics_processes = {{kNobody, 0, ~0U, ~0U}};
  gpu_.memory_v2->used = 502 * kMib;
  EXPECT_EQ(spoiled(), (Lines{"error: compute process " + std::to_string(getpid()) +
                                  " (machine_test, 500 MiB) is on the GPU",
                              "error: graphics process 2147483632 (not visible from here) is on "
                              "the GPU"}));
}

TEST_F(SpoilersTest, AnOwnProcessUnderThePidOfTheHostIsNotForeign) {
  gpu_.compute_processes = {{kNobody, 500 * kMib, ~0U, ~0U}};
  gpu_.memory_v2->used = 502 * kMib;
  EXPECT_EQ(spoiled({getpid()}), Lines{});
  gpu_.compute_processes->push_back({kNobody + 1, 500 * kMib, ~0U, ~0U});
  gpu_.memory_v2->used = 1002 * kMib;
  EXPECT_EQ(spoiled({getpid()}).size(), 1U);
}

TEST_F(SpoilersTest, MemoryOfSomeoneInvisible) {
  const Lines found{"error: 600 MiB of GPU memory are used by a process that is not visible from "
                    "here"};
  gpu_.memory_v2->used = 600 * kMib;
  EXPECT_EQ(spoiled(), found);
  EXPECT_EQ(spoiled({getpid()}), Lines{}) << "an own process that is not listed may use it";
  gpu_.compute_processes = {{static_cast<unsigned int>(getpid()), 1000 * kMib, ~0U, ~0U}};
  gpu_.memory_v2->used = 1600 * kMib;
  EXPECT_EQ(spoiled({getpid()}), found);
}

TEST_F(SpoilersTest, TheReserveOfTheDriverIsNobodysMemory) {
  gpu_.memory_v2.reset(); // an older driver: 622 MiB used, the reserve among it
  EXPECT_EQ(spoiled(), Lines{});
  gpu_.memory->used = 1200 * kMib;
  EXPECT_EQ(spoiled().size(), 1U);
}

TEST_F(SpoilersTest, AnotherBench) {
  const LockHolder holder{4711, "2026-01-31T12:34:56Z", "bench run scenarios/zimage.yaml"};
  EXPECT_EQ(lines(spoilers(state(), {}, holder)),
            Lines{"error: another bench holds the GPU's lock (pid 4711 since "
                  "2026-01-31T12:34:56Z, `bench run scenarios/zimage.yaml`)"});
}

TEST_F(SpoilersTest, OthersOnTheGpuAreNeitherOursNorTheStateOfIt) {
  const auto own = static_cast<unsigned int>(getpid());
  gpu_.compute_processes = {{own, 500 * kMib, ~0U, ~0U}, {kNobody, 600 * kMib, ~0U, ~0U}};
  gpu_.memory_v2->used = 1102 * kMib;
  gpu_.mig_enabled = true;
  gpu_.clocks_events = nvmlClocksEventReasonSwThermalSlowdown;
  const auto others = [&](const std::vector<int>& pids) { return lines(others_on(state(), pids)); };
  EXPECT_EQ(others({getpid()}), Lines{"error: compute process 2147483632 (not visible from here, "
                                      "600 MiB) is on the GPU"});
  EXPECT_EQ(others({getpid(), static_cast<int>(kNobody)}), Lines{}) << "a worker of ours";
  EXPECT_EQ(foreign_processes(*state().processes, {getpid()}).at(0).pid, kNobody);
  const int helper = 1; // a process of ours that is not on the GPU pardons nobody who is
  EXPECT_EQ(others({getpid(), helper}), others({getpid()}));
  gpu_.compute_processes = {{own, 500 * kMib, ~0U, ~0U}};
  EXPECT_EQ(others({getpid(), helper}).size(), 1U) << "602 MiB that nobody listed has";
  gpu_.compute_processes.reset(); // as in some containers
  gpu_.graphics_processes.reset();
  EXPECT_EQ(others({getpid()}), Lines{});
}

TEST_F(SpoilersTest, Mig) {
  const Lines found{"error: the GPU is partitioned (MIG): its parts share clocks and power, and "
                    "none has all SMs"};
  gpu_.mig_enabled = true;
  EXPECT_EQ(spoiled(), found);
  gpu_.mig_enabled.reset(); // a partition does not answer that
  gpu_.uuid = "MIG-11111111";
  EXPECT_EQ(spoiled(), found);
}

TEST_F(SpoilersTest, Slowdowns) {
  gpu_.clocks_events = nvmlClocksEventReasonSwThermalSlowdown |
                       nvmlClocksThrottleReasonHwThermalSlowdown |
                       nvmlClocksThrottleReasonHwSlowdown;
  EXPECT_EQ(spoiled(), (Lines{"error: the hardware halves the clocks because the GPU is too hot "
                              "(HwThermalSlowdown)",
                              "error: the driver lowers the clocks because GPU or memory is too "
                              "hot (SwThermalSlowdown)"}));
  gpu_.clocks_events = nvmlClocksThrottleReasonHwPowerBrakeSlowdown;
  EXPECT_EQ(spoiled(), (Lines{"error: the power supply asks the GPU to slow down "
                              "(HwPowerBrakeSlowdown)"}));
  gpu_.clocks_events = nvmlClocksThrottleReasonHwSlowdown;
  EXPECT_EQ(spoiled(), Lines{"error: the hardware halves the clocks (HwSlowdown)"});
  *gpu_.clocks_events |= nvmlClocksEventReasonGpuIdle;
  EXPECT_EQ(spoiled(), Lines{});
}

TEST_F(SpoilersTest, ClocksSetByHand) {
  gpu_.application_clock_mhz = 1500;
  EXPECT_EQ(spoiled(), Lines{"warning: the application clock is set to 1500 MHz (default 1980): "
                             "comparable only with baselines at that clock"});
  gpu_.application_clock_mhz.reset();
  gpu_.clocks_events = nvmlClocksEventReasonApplicationsClocksSetting;
  EXPECT_EQ(spoiled(), Lines{"warning: the clocks are set by hand (ApplicationsClocksSetting): "
                             "comparable only with baselines at that clock"});
  gpu_.clocks_events = nvmlClocksEventReasonNone;
  gpu_.sm_clock_mhz = 1500;
  EXPECT_EQ(spoiled(), Lines{"warning: the SM clock is 1500 of 1980 MHz and the driver gives no "
                             "reason: locked clocks?"});
  gpu_.sm_clock_mhz = 1965;
  EXPECT_EQ(spoiled(), Lines{});
}

TEST_F(SpoilersTest, AClockLooksLockedByTheDriversWordOrWithoutAReasonToBeLow) {
  const auto looks = [](std::uint64_t bits, double mhz) {
    return looks_locked(ClocksEvents(bits), mhz * 1e6, 1980e6);
  };
  EXPECT_TRUE(looks(nvmlClocksEventReasonApplicationsClocksSetting, 1980));
  EXPECT_TRUE(looks(nvmlClocksEventReasonNone, 1500));
  EXPECT_FALSE(looks(nvmlClocksEventReasonNone, 1965));
  EXPECT_FALSE(looks(nvmlClocksEventReasonSwPowerCap, 1500));
  EXPECT_FALSE(looks(nvmlClocksEventReasonGpuIdle, 345));
  EXPECT_FALSE(looks_locked(std::nullopt, 1500e6, 1980e6));
  EXPECT_FALSE(looks_locked(ClocksEvents(), 1500e6, std::nullopt));
}

TEST_F(SpoilersTest, ErrorsComeFirst) {
  gpu_.power_limit_mw = 600000;
  gpu_.persistence_enabled = false;
  gpu_.ecc_uncorrected = 3;
  gpu_.clocks_events = nvmlClocksEventReasonSwThermalSlowdown;
  gpu_.compute_mode = NVML_COMPUTEMODE_PROHIBITED;
  const std::vector<Finding> findings = spoilers(state());
  EXPECT_EQ(lines(findings),
            (Lines{"error: the GPU admits no compute process (compute mode prohibited)",
                   "error: uncorrected memory errors since the driver was loaded: 3",
                   "error: the driver lowers the clocks because GPU or memory is too hot "
                   "(SwThermalSlowdown)",
                   "warning: the power limit is 600 W, below the default of 700 W: comparable only "
                   "with baselines at that limit",
                   "warning: persistence mode is off: the driver unloads between processes, and "
                   "each starts cold"}));
  EXPECT_TRUE(has_error(findings));
  EXPECT_FALSE(has_error({findings.back()}));
}

TEST_F(SpoilersTest, WhatReadingsShowedIsFoundOnce) {
  const auto during = [](const std::vector<std::uint64_t>& bits) {
    std::vector<ClocksEvents> seen(bits.begin(), bits.end());
    return lines(spoilers_during(seen));
  };
  EXPECT_EQ(during({}), Lines{});
  EXPECT_EQ(during({nvmlClocksEventReasonSwPowerCap, nvmlClocksEventReasonNone}), Lines{});
  constexpr auto kThermal = nvmlClocksEventReasonSwThermalSlowdown;
  EXPECT_EQ(during({nvmlClocksEventReasonGpuIdle | nvmlClocksThrottleReasonHwSlowdown, kThermal,
                    kThermal | nvmlClocksEventReasonSwPowerCap}),
            Lines{"error: while it was sampled: the driver lowers the clocks because GPU or memory "
                  "is too hot (SwThermalSlowdown)"});
  EXPECT_EQ(during({nvmlClocksEventReasonGpuIdle, nvmlClocksThrottleReasonHwSlowdown}),
            Lines{"error: while it was sampled: the hardware halves the clocks (HwSlowdown)"})
      << "an idle moment excuses no other";
}

TEST_F(SpoilersTest, WhatHappenedBetweenTwoStates) {
  gpu_.set_field(NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN, 1000000000ULL);
  gpu_.set_field(NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN, 5ULL);
  gpu_.set_field(NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN, 0ULL);
  const MachineState before = state();
  EXPECT_EQ(lines(spoilers_between(before, state())), Lines{});
  gpu_.set_field(NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN, 1250000000ULL);
  gpu_.ecc_uncorrected = 1;
  gpu_.power_limit_mw = 500000;
  gpu_.application_clock_mhz = 1500;
  gpu_.mig_enabled = true;
  EXPECT_EQ(lines(spoilers_between(before, state())),
            (Lines{"error: the clocks were held down for 0.250 s (SwThermalSlowdown)",
                   "error: uncorrected memory errors while it was measured: 1",
                   "error: the power limit went from 700 to 500 W while it was measured",
                   "error: the application clock went from 1980 to 1500 MHz while it was measured",
                   "error: the GPU's partitioning (MIG) was turned on while it was measured"}));
}

} // namespace
} // namespace bench::machine
