#include <bench/profile/fake_range_profiler.h>
#include <bench/profile/range_profiler.h>

#include <gtest/gtest.h>

#include <stdexcept>

namespace bench::profile {
namespace {

TEST(RangeProfiler, RunsTheWorkInPassesAndReadsEachKernel) {
  {
    RangeProfiler profiler(fake_range_profiler());
    ASSERT_EQ(profiler.fault(), "");
    for (int time = 0; time < 2; ++time) { // the second time as the first
      int before = 0, work = 0;
      const auto counted = profiler.count(
          [&] {
            EXPECT_FALSE(gpu.in_pass);
            ++before;
          },
          [&] {
            EXPECT_TRUE(gpu.in_pass);
            ++work;
          });
      EXPECT_EQ(counted.fault, "");
      EXPECT_EQ(before, 3);
      EXPECT_EQ(work, 3);
      ASSERT_EQ(counted.kernels.size(), 2u);
      EXPECT_DOUBLE_EQ(counted.kernels[1].dram_read_bytes, 2e6);
      EXPECT_DOUBLE_EQ(counted.kernels[1].dram_written_bytes, 4e6);
      EXPECT_DOUBLE_EQ(counted.kernels[0].l2_hit_rate, 0.5);
      EXPECT_DOUBLE_EQ(counted.kernels[0].tensor_utilization, 0.125);
    }
  }
  EXPECT_EQ(gpu.open, 0) << "all is given back";
}

TEST(RangeProfiler, AStepIsOneRangeOfEachPass) {
  {
    RangeProfiler profiler(fake_range_profiler());
    for (int time = 0; time < 2; ++time) {
      int before = 0, work = 0;
      const auto whole = profiler.count_whole(
          [&] {
            EXPECT_FALSE(gpu.in_pass || gpu.in_range);
            ++before;
          },
          [&] {
            EXPECT_TRUE(gpu.in_pass && gpu.in_range);
            ++work;
          });
      EXPECT_EQ(whole.fault, "");
      EXPECT_EQ(before, 3);
      EXPECT_EQ(work, 3);
      ASSERT_TRUE(whole.counters.has_value());
      EXPECT_DOUBLE_EQ(whole.counters->dram_read_bytes, 1e6);
      EXPECT_DOUBLE_EQ(whole.counters->dram_written_bytes, 2e6);
      EXPECT_DOUBLE_EQ(whole.counters->l2_hit_rate, 0.5);
      EXPECT_DOUBLE_EQ(whole.counters->tensor_utilization, 0.125);
      EXPECT_EQ(profiler.count([] {}, [] {}).kernels.size(), 2u) << "and kernels in turn";
    }
  }
  EXPECT_EQ(gpu.open, 0);
}

TEST(RangeProfiler, AStepThatCannotBeCountedDoesNotSpoilTheNext) {
  RangeProfiler profiler(fake_range_profiler());
  const auto fault = [&] {
    const auto whole = profiler.count_whole([] {}, [] {});
    EXPECT_EQ(whole.counters.has_value(), whole.fault.empty());
    return whole.fault;
  };
  gpu.on_push = CUPTI_ERROR_UNKNOWN;
  EXPECT_EQ(fault(), "CUPTI: beginning a range: a result of the fake (999)");
  gpu.on_push = CUPTI_SUCCESS;
  gpu.on_pop = CUPTI_ERROR_UNKNOWN;
  EXPECT_EQ(fault(), "CUPTI: ending a range: a result of the fake (999)");
  gpu.on_pop = CUPTI_SUCCESS;
  gpu.dropped = 1;
  EXPECT_EQ(fault(), "CUPTI dropped the counters of 1 ranges");
  gpu.dropped = 0;
  EXPECT_THROW(profiler.count_whole([] {}, [] { throw std::runtime_error("out of memory"); }),
               std::runtime_error);
  EXPECT_FALSE(gpu.in_pass || gpu.in_range);
  EXPECT_EQ(fault(), "");
}

TEST(RangeProfiler, NotPermitted) {
  const Cupti cupti = fake_range_profiler();
  gpu.on_enable = CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
  {
    RangeProfiler profiler(cupti);
    EXPECT_NE(profiler.fault().find("only administrators"), std::string::npos) << profiler.fault();
    const auto counted = profiler.count([] { FAIL(); }, [] { FAIL(); });
    EXPECT_EQ(counted.fault, profiler.fault());
    EXPECT_TRUE(counted.kernels.empty());
    const auto whole = profiler.count_whole([] { FAIL(); }, [] { FAIL(); });
    EXPECT_EQ(whole.fault, profiler.fault());
    EXPECT_FALSE(whole.counters.has_value());
  }
  EXPECT_EQ(gpu.open, 0);
  gpu.on_enable = CUPTI_SUCCESS;
  gpu.on_availability = CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED;
  EXPECT_NE(RangeProfiler(cupti).fault().find("virtual"), std::string::npos);
  EXPECT_EQ(gpu.open, 0);
}

TEST(RangeProfiler, WhatCannotBeCountedDoesNotSpoilTheNext) {
  RangeProfiler profiler(fake_range_profiler());
  gpu.dropped = 5;
  EXPECT_EQ(profiler.count([] {}, [] {}).fault, "CUPTI dropped the counters of 5 ranges");
  gpu.dropped = 0;
  gpu.on_start = CUPTI_ERROR_HARDWARE_BUSY;
  EXPECT_EQ(profiler.count([] {}, [] {}).fault,
            "CUPTI: starting a pass: a result of the fake (26)");
  gpu.on_start = CUPTI_SUCCESS;
  gpu.passes = -1; // never whole
  EXPECT_EQ(profiler.count([] {}, [] {}).fault,
            "CUPTI: the counters were not whole after 200 passes");
  gpu.passes = 1;
  EXPECT_EQ(profiler.count([] {}, [] {}).fault, "");
}

TEST(RangeProfiler, NoneAnotherVersionOrNoContext) {
  EXPECT_EQ(RangeProfiler({.api = {}, .fault = "there is none"}).fault(), "there is none");
  Cupti cupti = fake_range_profiler();
  cupti.api.range_stop = nullptr;
  EXPECT_EQ(RangeProfiler(cupti).fault(), "libcupti.so.13 lacks the range profiler");
  cupti = fake_range_profiler();
  cupti.api.get_version = [](std::uint32_t* version) {
    *version = 120800;
    return CUPTI_SUCCESS;
  };
  EXPECT_NE(RangeProfiler(cupti).fault().find("CUPTI 12.8"), std::string::npos);
  cupti = fake_range_profiler();
  cupti.api.current_context = nullptr;
  EXPECT_EQ(RangeProfiler(cupti).fault(), "no CUDA context whose kernels could be counted");
}

} // namespace
} // namespace bench::profile
