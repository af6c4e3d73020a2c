#include <bench/base/temporary_folder.h>
#include <bench/device/device.h>
#include <bench/measure/no_progress.h>
#include <bench/measure/sampler.h>
#include <bench/profile/aggregate.h>
#include <bench/stats/summary.h>
#include <bench/workers/command.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <optional>

namespace bench::workers {
namespace {

constexpr std::int64_t kCycles = 20'000'000; // of a step: some 10 ms

/// The median cycles of a step, and of its time.
struct Cost {
  double cycles = 0;
  double seconds = 0;
};

Cost cost_of(const std::vector<measure::Span>& spans) {
  std::vector<double> cycles, seconds;
  for (const measure::Span& span : spans) {
    EXPECT_TRUE(span.valid);
    cycles.push_back(span.t_s * span.f_hz);
    seconds.push_back(span.t_s);
  }
  return {stats::median(cycles), stats::median(seconds)};
}

std::vector<measure::Span> eight_steps(measure::Marker& marker,
                                       const std::function<void(int)>& step) {
  for (int round = 0; round < 2; ++round) { // the first warms up
    if (round > 0)
      marker.take();
    marker.mark();
    for (int i = 0; i < 8; ++i) {
      step(i);
      marker.mark();
    }
  }
  return marker.take();
}

class WorkerOnAGpu : public testing::Test {
 protected:
  WorkerOnAGpu() {
    std::ofstream(folder_ / "spin.py") << fmt::format("import bench_worker, torch\n"
                                                      "class Loop(bench_worker.Loop):\n"
                                                      "    def step(self, index):\n"
                                                      "        torch.cuda._sleep({})\n"
                                                      "bench_worker.serve(Loop)\n",
                                                      kCycles);
    const Command command = command_of(
        {.name = "spin", .command = {"python3", "spin.py"}, .patience_s = 120}, folder_ / "s.yaml");
    client_.emplace(command.launch, progress_);
    ready_ = client_->load(R"({"device": "cuda", "loop": {"name": "a", "steps": 8}})");
  }

  const TemporaryFolder folder_;
  measure::NoProgress progress_;
  std::optional<Client> client_;
  Ready ready_;
};

TEST_F(WorkerOnAGpu, KnownCyclesTakeWhatTheyTakeInThisProcess) {
  const auto device = device::open_device(scenario::DeviceKind::cuda);
  const auto marker = device->make_marker();
  const Cost ours = cost_of(eight_steps(*marker, [&](int) { device->spin(kCycles); }));
  const Cost theirs = cost_of(eight_steps(*client_, [&](int i) { client_->step(i); }));
  EXPECT_NEAR(ours.cycles / kCycles, 1, 0.002);
  EXPECT_NEAR(theirs.cycles / kCycles, 1, 0.002);
  EXPECT_NEAR(theirs.cycles / ours.cycles, 1, 0.001);
  fmt::print("cycles of a step: {:.0f} here, {:.0f} in the worker, {} asked for\n", ours.cycles,
             theirs.cycles, kCycles);
}

TEST_F(WorkerOnAGpu, SaysWhichGpuItRunsOn) {
  const auto device = device::open_device(scenario::DeviceKind::cuda);
  EXPECT_EQ(ready_.device_uuid, device->uuid());
}

TEST_F(WorkerOnAGpu, ItsProfilerSeesTheKernelsBetweenTheStamps) {
  const ProfiledSteps steps = client_->profile(3);
  EXPECT_EQ(steps.spans.size(), 3u);
  const auto samples = profile::split_at_stamps(steps.records);
  ASSERT_EQ(samples.size(), 3u);
  for (const profile::Records& sample : samples) {
    ASSERT_EQ(sample.size(), 1u);
    EXPECT_NE(sample[0].name.find("spin_kernel"), std::string::npos) << sample[0].name;
    EXPECT_NEAR(static_cast<double>(sample[0].end_ns - sample[0].start_ns) * 1e-9,
                steps.spans[1].t_s, 0.2 * steps.spans[1].t_s);
  }
}

} // namespace
} // namespace bench::workers
