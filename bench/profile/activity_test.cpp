#include <bench/profile/activity.h>
#include <bench/profile/fake_cupti.h>
#include <bench/profile/operation.h>

#include <gtest/gtest.h>

#include <tuple>

namespace bench::profile {
namespace {

constexpr const char* kNorm = "_ZN7kernels4cuda8rms_normEPfi";
constexpr const char* kPlainNorm = "kernels::cuda::rms_norm(float*, int)";

TEST(Activity, KernelsLaunchedOneByOneBelongToTheOperationRoundTheirLaunch) {
  FakeCupti cupti;
  Activity activity(cupti.cupti());
  ASSERT_EQ(activity.fault(), "");
  EXPECT_EQ(activity.source(), "CUPTI 13.0 activity");
  std::uint32_t norm, product, none;
  {
    const Operation operation("rms_norm");
    norm = cupti.call();
  }
  {
    const Operation operation("modulation"); // the outermost counts
    const Operation inner("linear");
    product = cupti.call(CUPTI_CB_DOMAIN_DRIVER_API); // as cuBLAS launches
  }
  none = cupti.call();
  cupti.kernel("nvjet_hsh_128x256", 2000, 2900, product);
  cupti.kernel(kNorm, 1000, 1500, norm);
  cupti.memcpy(3000, 3100, none);

  const Activity::Taken taken = activity.take();
  EXPECT_EQ(taken.fault, "");
  ASSERT_EQ(taken.records.size(), 3u);
  const Record& first = taken.records[0]; // by time, not by arrival
  EXPECT_EQ(first.name, kPlainNorm);
  EXPECT_EQ(first.operation, "rms_norm");
  EXPECT_EQ(first.grid, (std::array<std::int64_t, 3>{132, 1, 1}));
  EXPECT_EQ(first.block, (std::array<std::int64_t, 3>{256, 1, 1}));
  EXPECT_EQ(first.registers, 40);
  EXPECT_EQ(first.shared_memory_bytes, 1536);
  EXPECT_EQ(std::tuple(first.start_ns, first.end_ns, first.stream, first.in_graph),
            std::tuple(1000u, 1500u, 7u, false));
  EXPECT_EQ(taken.records[1].name, "nvjet_hsh_128x256");
  EXPECT_EQ(taken.records[1].operation, "modulation");
  EXPECT_EQ(taken.records[2].name, "[memcpy]");
  EXPECT_EQ(taken.records[2].operation, "");
  EXPECT_TRUE(activity.take().records.empty());
  EXPECT_EQ(cupti.buffers_out(), 0);
}

TEST(Activity, NodesOfAGraphBelongToTheOperationRoundTheirCapture) {
  FakeCupti cupti;
  Activity activity(cupti.cupti());
  {
    const Operation operation("attention");
    cupti.capture(10);
  }
  cupti.capture(11); // outside of every operation
  cupti.instantiate(20, 10);
  cupti.instantiate(21, 11);
  std::uint32_t launch;
  {
    const Operation operation("of the launch"); // means nothing to the nodes
    launch = cupti.call();
  }
  for (int replay = 0; replay < 2; ++replay) {
    const std::uint64_t t = 1000u + 1000u * static_cast<std::uint64_t>(replay);
    cupti.kernel(kNorm, t, t + 100, launch, 20);
    cupti.memset(t + 100, t + 200, launch, 21);
    cupti.kernel(kNorm, t + 200, t + 300, launch, 22); // of a graph from before the session
  }
  const Records records = activity.take().records;
  ASSERT_EQ(records.size(), 6u);
  for (std::size_t i = 0; i < 6; i += 3) {
    EXPECT_EQ(records[i].operation, "attention");
    EXPECT_EQ(records[i + 1].name, "[memset]");
    EXPECT_EQ(records[i + 1].operation, "");
    EXPECT_EQ(records[i + 2].operation, "");
    EXPECT_TRUE(records[i].in_graph);
  }
}

TEST(Activity, SleepsAndWakes) {
  FakeCupti cupti;
  Activity activity(cupti.cupti());
  activity.pause();
  {
    const Operation operation("attention");
    cupti.capture(10); // a graph that is made meanwhile keeps its operations
    cupti.kernel(kNorm, 100, 200, cupti.call());
  }
  EXPECT_TRUE(cupti.enabled.empty());
  activity.resume();
  {
    const Operation operation("rms_norm");
    cupti.kernel(kNorm, 300, 400, cupti.call());
  }
  cupti.kernel(kNorm, 500, 600, cupti.call(), 10);
  const Records records = activity.take().records;
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].operation, "rms_norm");
  EXPECT_EQ(records[1].operation, "attention");
}

TEST(Activity, WhatIsDroppedIsSaidOnce) {
  FakeCupti cupti;
  Activity activity(cupti.cupti());
  cupti.kernel(kNorm, 1000, 1100, cupti.call());
  cupti.kernel(kNorm, 0, 0, cupti.call());       // no times: the device's buffers were used up
  cupti.kernel(kNorm, 1300, 1200, cupti.call()); // nor here
  cupti.dropped = 3;
  const Activity::Taken taken = activity.take();
  EXPECT_EQ(taken.records.size(), 1u);
  EXPECT_EQ(taken.fault, "CUPTI dropped 5 of 6 records: launches and times are too low");
  cupti.kernel(kNorm, 2000, 2100, cupti.call());
  EXPECT_EQ(activity.take().fault, "");
}

TEST(Activity, RecordsThatCannotBeReadOrFlushed) {
  FakeCupti cupti;
  Activity activity(cupti.cupti());
  cupti.kernel(kNorm, 1000, 1100, cupti.call());
  cupti.at_end_of_buffer = CUPTI_ERROR_INVALID_KIND;
  EXPECT_EQ(activity.take().fault, "CUPTI: reading records: a result of the fake (21)");
  cupti.at_end_of_buffer = CUPTI_ERROR_MAX_LIMIT_REACHED;
  cupti.on_flush = CUPTI_ERROR_INVALID_OPERATION;
  EXPECT_EQ(activity.take().fault, "CUPTI: flushing records: a result of the fake (7)");
}

std::string fault_of(const FakeCupti& cupti) {
  Activity activity(cupti.cupti());
  const Activity::Taken taken = activity.take();
  EXPECT_EQ(taken.fault, activity.fault());
  EXPECT_TRUE(taken.records.empty());
  return activity.fault();
}

TEST(Activity, AnotherProfiler) {
  FakeCupti cupti;
  cupti.on_subscribe = CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
  EXPECT_EQ(fault_of(cupti), "another profiler has CUPTI in this process (nsys, ncu, torch's): run "
                             "bench without it");
}

TEST(Activity, NotPermitted) {
  FakeCupti cupti;
  cupti.on_enable = CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
  EXPECT_NE(fault_of(cupti).find("NVreg_RestrictProfilingToAdminUsers=0"), std::string::npos);
  EXPECT_FALSE(cupti.is_subscribed()) << "others must be able to";
  cupti.on_enable = CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED;
  EXPECT_NE(fault_of(cupti).find("virtual, shared"), std::string::npos);
  cupti.on_enable = CUPTI_ERROR_UNKNOWN;
  EXPECT_EQ(fault_of(cupti), "CUPTI: recording of kernels: a result of the fake (999)");
}

TEST(Activity, AnotherVersion) {
  FakeCupti cupti;
  cupti.version = 130100;
  EXPECT_EQ(fault_of(cupti), "CUPTI 13.1 (130100) is loaded and this build reads the records of "
                             "13.0 (130001): build it against the torch that runs it");
  EXPECT_FALSE(cupti.is_subscribed());
}

TEST(Activity, NoneOrABrokenOne) {
  Activity none({.api = {}, .fault = "there is none"});
  EXPECT_EQ(none.fault(), "there is none");
  FakeCupti fake;
  Cupti broken = fake.cupti();
  broken.api.graph_node_id = nullptr;
  Activity activity(broken);
  EXPECT_EQ(activity.fault(), "libcupti.so.13 lacks functions of CUPTI 13: it is broken");
}

TEST(Activity, OneAtATimeAndItLeavesNothingBehind) {
  FakeCupti cupti;
  {
    Activity activity(cupti.cupti());
    EXPECT_EQ(cupti.enabled.size(), 3u);
    Activity second(cupti.cupti());
    EXPECT_EQ(second.fault(), "a profile is already being taken in this process");
  }
  EXPECT_TRUE(cupti.enabled.empty());
  EXPECT_FALSE(cupti.is_subscribed());
  EXPECT_EQ(Activity(cupti.cupti()).fault(), "");
}

} // namespace
} // namespace bench::profile
