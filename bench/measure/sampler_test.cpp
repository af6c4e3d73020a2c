#include <bench/base/error.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/no_progress.h>
#include <bench/measure/sampler.h>

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace bench::measure {
namespace {

/// A device whose time only moves when work is enqueued.
struct FakeDevice {
  double now = 0;
  int begun = 0;
  int takes = 0;
  std::vector<int> steps;
};

class FakeWorkload final : public Workload {
 public:
  FakeWorkload(FakeDevice& device, int steps, std::vector<double> warmup_times)
      : device_(device), steps_(steps), slow_(std::move(warmup_times)) {}
  int steps() const override { return steps_; }
  void begin() override { ++device_.begun; }
  void step(int index) override {
    device_.steps.push_back(index);
    device_.now += slow_.empty() ? 0.010 + 0.001 * index : slow_.front();
    if (!slow_.empty())
      slow_.erase(slow_.begin());
  }

 private:
  FakeDevice& device_;
  int steps_;
  std::vector<double> slow_;
};

class FakeMarker final : public Marker {
 public:
  explicit FakeMarker(FakeDevice& device, int spoil = -1) : device_(device), spoil_(spoil) {}
  void mark() override { marks_.push_back(device_.now); }
  std::vector<Span> take() override {
    std::vector<Span> spans;
    for (std::size_t i = 0; i + 1 < marks_.size(); ++i)
      spans.push_back({.start_s = marks_[i],
                       .t_s = marks_[i + 1] - marks_[i],
                       .f_hz = 1e9,
                       .valid = static_cast<int>(i) != spoil_});
    marks_.clear();
    ++device_.takes;
    return spans;
  }
  int capacity() const override { return 1000; }
  std::optional<double> enqueue_s() const override { return host_s; }

  std::optional<double> host_s; ///< that the host took for a loop

 private:
  FakeDevice& device_;
  int spoil_;
  std::vector<double> marks_;
};

TEST(SampleLoops, TimesEveryStepOfEveryLoopAndWaitsOnlyBetweenLoops) {
  FakeDevice device;
  FakeWorkload workload(device, 3, {});
  FakeMarker marker(device);
  NoProgress progress;
  const Sampled sampled = sample_loops(workload, marker, {.loops = 4}, progress);
  ASSERT_EQ(sampled.samples.size(), 12u);
  const Sample& last = sampled.samples.back();
  EXPECT_EQ(last.loop, 3);
  EXPECT_EQ(last.step, 2);
  EXPECT_NEAR(last.span.t_s, 0.012, 1e-12);
  EXPECT_EQ(device.begun, device.takes) << "one wait a loop";
  EXPECT_TRUE(sampled.warm_up.steady);
}

TEST(SampleLoops, KnowsWhenTheFirstSampleBeganOnTheHostsClock) {
  class Sleeping final : public Workload {
   public:
    int steps() const override { return 2; }
    void begin() override {}
    void step(int) override { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }
  } workload;
  const auto marker = make_steady_clock_marker();
  NoProgress progress;
  std::chrono::steady_clock::time_point steady;
  SamplePlan plan{.loops = 5};
  plan.on_steady = [&] { steady = std::chrono::steady_clock::now(); };
  const Sampled sampled = sample_loops(workload, *marker, plan, progress);
  EXPECT_GE(sampled.first_sample, steady);
  EXPECT_LT(sampled.first_sample, steady + std::chrono::milliseconds(100))
      << "of five loops one is looked at in time, also on a busy machine";
}

TEST(SampleLoops, WarmsUpUntilTwoChunksAgree) {
  FakeDevice device;
  // Chunks of 2 steps with medians 50, 30, 20, then the steady 10.5 (10, 11): six slow steps.
  FakeWorkload workload(device, 2, {.05, .05, .03, .03, .02, .02});
  FakeMarker marker(device);
  NoProgress progress;
  const Sampled sampled = sample_loops(workload, marker, {.loops = 1, .warmup_s = 1e-9}, progress);
  EXPECT_FALSE(sampled.warm_up.steady) << "a patience of 5 ns is over after two chunks";
  EXPECT_EQ(device.begun, 3);

  FakeDevice calm;
  FakeWorkload again(calm, 2, {.05, .05, .03, .03, .02, .02});
  FakeMarker other(calm);
  const Sampled patient = sample_loops(again, other, {.loops = 1, .warmup_s = 0.002}, progress);
  EXPECT_TRUE(patient.warm_up.steady);
  EXPECT_GE(calm.begun, 6) << "three slow chunks, two that agree, one loop";
  for (const Sample& s : patient.samples)
    EXPECT_LT(s.span.t_s, 0.012);
}

TEST(SampleLoops, AHostThatIsHardlyAheadKeepsTheDeviceWaiting) {
  EXPECT_DOUBLE_EQ(steps_ahead(0.3, 0.4, 4), 1);
  const auto sampled = [](std::optional<double> host_s) {
    FakeDevice device;
    FakeWorkload workload(device, 3, {}); // 33 ms a loop
    FakeMarker marker(device);
    marker.host_s = host_s;
    NoProgress progress;
    return sample_loops(workload, marker, {.loops = 3}, progress);
  };
  EXPECT_FALSE(sampled(std::nullopt).steps_ahead);
  EXPECT_FALSE(waits_for_host(sampled(std::nullopt))) << "nobody knows";
  const Sampled graph = sampled(0.0033);
  EXPECT_NEAR(graph.steps_ahead.value(), 2.7, 1e-9);
  EXPECT_FALSE(waits_for_host(graph));
  EXPECT_TRUE(waits_for_host(sampled(0.0329)));
}

TEST(SampleLoops, AFullQueueIsNoWaitForTheHost) {
  // Of fifty steps the host was one ahead: it took 98 % of the time, but the device never idled.
  Sampled sampled;
  sampled.steps_ahead = steps_ahead(0.98, 1, 50);
  EXPECT_FALSE(waits_for_host(sampled));
  sampled.steps_ahead = steps_ahead(0.98, 1, 1);
  EXPECT_TRUE(waits_for_host(sampled));
}

TEST(SampleLoops, RefusesARunWhoseStampsContradictEachOther) {
  FakeDevice device;
  FakeWorkload workload(device, 10, {});
  FakeMarker marker(device, 4);
  NoProgress progress;
  EXPECT_THROW(sample_loops(workload, marker, {.loops = 2}, progress), InvalidError);
  EXPECT_NO_THROW(refuse_dropped(1, 100));
  EXPECT_THROW(refuse_dropped(2, 199), InvalidError);
}

TEST(SampleLoops, EndsAtTheNextStepOnASignal) {
  FakeDevice device;
  FakeWorkload workload(device, 3, {});
  FakeMarker marker(device);
  NoProgress progress;
  catch_interrupts();
  std::raise(SIGINT);
  EXPECT_TRUE(interrupted());
  EXPECT_THROW(sample_loops(workload, marker, {.loops = 4}, progress), Interrupted);
  EXPECT_TRUE(device.steps.empty());
  catch_interrupts();
  EXPECT_FALSE(interrupted());
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

} // namespace
} // namespace bench::measure
