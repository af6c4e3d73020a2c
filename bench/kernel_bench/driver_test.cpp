#include <bench/base/error.h>
#include <bench/base/temporary_folder.h>
#include <bench/kernel_bench/driver.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/no_progress.h>

#include <ATen/Parallel.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <string_view>

namespace bench::kernel_bench {
namespace {

scenario::Case kernel_case(const std::string& shape, const std::string& path) {
  scenario::Case c;
  c.id = "test/rms_norm/" + shape + "/" + path;
  c.device = scenario::DeviceKind::cpu;
  c.work = scenario::KernelCase{
      .family = "rms_norm", .shape = *scenario::parse_kernel_shape(shape), .path = path};
  return c;
}

class KernelDriver : public testing::Test {
 protected:
  std::vector<Outcome> run(const std::vector<scenario::Case>& cases,
                           const std::vector<std::string>& flags = {}) {
    std::vector<Outcome> outcomes;
    measure::NoProgress progress;
    runs_.clear();
    for (const scenario::Case& c : cases)
      runs_.push_back({c});
    kernel_bench::run(runs_, {.loops = 1, .regions = 4, .placements = 1, .warmup_s = 0.001}, 1,
                      flags, *device_, make_arena(*device_).get(), progress,
                      [&](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
    return outcomes;
  }
  std::unique_ptr<device::Device> device_ = device::open_device(scenario::DeviceKind::cpu);
  std::vector<KernelRun> runs_;
};

TEST_F(KernelDriver, MeasuresEveryCase) {
  const std::vector cases{kernel_case("64x128.fp32", "aten"),
                          kernel_case("64x128.bf16", "decomposed")};
  const auto outcomes = run(cases);
  ASSERT_EQ(outcomes.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Outcome& o = outcomes[i];
    EXPECT_EQ(o.work, &runs_[i].work);
    EXPECT_FALSE(o.error);
    EXPECT_EQ(o.samples.size(), 4u);
    EXPECT_GT(o.samples[0].launch_s(), 0);
    EXPECT_GT(o.copy_s, 0);
    EXPECT_TRUE(o.accuracy.finite);
    EXPECT_LE(o.accuracy.max_ulp, 16);
    EXPECT_EQ(o.digest.checksum.size(), 16u);
  }
  EXPECT_DOUBLE_EQ(outcomes[0].bytes, 2 * 64 * 128 * 4 + 128 * 4);
}

TEST_F(KernelDriver, PathsOfAShapeAreHeldAgainstOneCopy) {
  const auto outcomes = run({kernel_case("64x128.bf16", "aten"), kernel_case("32x128.bf16", "aten"),
                             kernel_case("64x128.bf16", "decomposed")});
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_GT(outcomes[0].copy_s, 0);
  EXPECT_EQ(outcomes[0].copy_s, outcomes[2].copy_s);
  EXPECT_NE(outcomes[0].copy_s, outcomes[1].copy_s);
}

TEST_F(KernelDriver, ExtraLaunchesTakeTimeAndDoNotCount) {
  const scenario::Case plain = kernel_case("256x256.fp32", "aten");
  scenario::Case more = plain;
  more.id += "#launches=100%";
  measure::NoProgress progress;
  // One thread: where other processes hold a core, several wait for each other in every launch, and
  // no region shows what the work takes. Again where they hold all of them for as long as an arm.
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  constexpr double kLong = std::numeric_limits<double>::max();
  std::map<std::string, double> fastest{{plain.id, kLong}, {more.id, kLong}};
  const auto ratio = [&] { return fastest[more.id] / fastest[plain.id]; };
  for (int round = 0; round < 5 && std::abs(ratio() - 2) > 0.5; ++round)
    kernel_bench::run({{plain}, {more, 1.0}}, {.regions = 40, .placements = 1, .warmup_s = 0.001},
                      1, {}, *device_, make_arena(*device_).get(), progress,
                      [&](const Outcome& outcome) {
                        double& t_s = fastest.at(outcome.work->id);
                        for (const RegionSample& sample : outcome.samples)
                          t_s = std::min(t_s, sample.launch_s());
                      });
  at::set_num_threads(threads);
  EXPECT_NEAR(ratio(), 2, 0.5);
}

TEST_F(KernelDriver, AFailingCaseDoesNotStopTheNext) {
  const auto outcomes =
      run({kernel_case("8x16.fp32", "no-such-path"), kernel_case("8x16.fp32", "aten")});
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_THROW(std::rethrow_exception(outcomes[0].error), UsageError);
  EXPECT_FALSE(outcomes[1].error);
}

/// Calls `then` where a repetition takes its buffers, from the first on.
class AtBuffers final : public measure::NoProgress {
 public:
  explicit AtBuffers(std::function<void(int)> then) : then_(std::move(then)) {}
  void phase(std::string_view name, double) override {
    if (name == "buffers")
      then_(++repetition_);
  }

 private:
  std::function<void(int)> then_;
  int repetition_ = 0;
};

TEST_F(KernelDriver, AFailingPlacementFailsItsCaseOnly) {
  const std::vector<KernelRun> runs{{kernel_case("8x16.fp32", "aten")},
                                    {kernel_case("8x32.fp32", "aten")}};
  AtBuffers progress([](int repetition) {
    if (repetition == 3)
      throw InvalidError("no room at this place");
  });
  std::vector<Outcome> outcomes;
  kernel_bench::run(runs, {.loops = 1, .regions = 8, .placements = 4, .warmup_s = 0.001}, 1, {},
                    *device_, make_arena(*device_).get(), progress,
                    [&](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_THROW(std::rethrow_exception(outcomes[0].error), InvalidError);
  EXPECT_FALSE(outcomes[1].error);
  EXPECT_EQ(outcomes[1].samples.size(), 8u);
}

TEST_F(KernelDriver, PassesGoogleBenchmarksFlagsThrough) {
  const TemporaryFolder folder;
  const auto file = folder / "gbench.json";
  const auto outcomes = run({kernel_case("8x16.fp32", "aten"), kernel_case("8x32.fp32", "aten")},
                            {"--benchmark_filter=8x32", "--benchmark_repetitions=3",
                             "--benchmark_out=" + file.string(), "--benchmark_out_format=json"});
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].samples.size(), 12u);
  EXPECT_EQ(outcomes[0].samples.back().placement, 2);
  for (std::size_t i = 1; i < 12; ++i)
    EXPECT_GT(outcomes[0].samples[i].span.start_s, outcomes[0].samples[i - 1].span.start_s);
  const auto json = nlohmann::json::parse(std::ifstream(file));
  const auto& first = json.at("benchmarks").at(0);
  EXPECT_EQ(first.at("run_name").get<std::string>(),
            "test/rms_norm/8x32.fp32/aten/iterations:4/manual_time");
  double sum = 0;
  for (int i = 0; i < 4; ++i)
    sum += outcomes[0].samples[static_cast<std::size_t>(i)].launch_s();
  EXPECT_NEAR(first.at("real_time").get<double>() * 1e-6, sum / 4, sum * 1e-6);
}

TEST_F(KernelDriver, RefusesAnUnknownFlag) {
  EXPECT_THROW(run({kernel_case("8x16.fp32", "aten")}, {"--benchmrk_filter=x"}), UsageError);
}

TEST_F(KernelDriver, EndsOnASignalAndKeepsWhatWasFinished) {
  const std::vector<KernelRun> runs{{kernel_case("8x16.fp32", "aten")},
                                    {kernel_case("8x32.fp32", "aten")},
                                    {kernel_case("8x64.fp32", "aten")}};
  std::vector<std::string> kept;
  measure::NoProgress progress;
  measure::catch_interrupts();
  EXPECT_THROW(
      kernel_bench::run(runs, {.loops = 1, .regions = 2, .warmup_s = 0.001}, 1,
                        {"--benchmark_filter=.", "--benchmark_repetitions=1", "--benchmark_out="},
                        *device_, make_arena(*device_).get(), progress,
                        [&](Outcome outcome) {
                          kept.push_back(outcome.work->id);
                          std::raise(SIGINT);
                        }),
      measure::Interrupted);
  EXPECT_EQ(kept, std::vector<std::string>{"test/rms_norm/8x16.fp32/aten"});
  measure::catch_interrupts();
}

TEST_F(KernelDriver, EndsOnASignalBetweenPlacements) {
  const std::vector<KernelRun> runs{{kernel_case("8x16.fp32", "aten")},
                                    {kernel_case("8x32.fp32", "aten")}};
  measure::catch_interrupts();
  AtBuffers progress([](int repetition) {
    if (repetition == 4 + 3) // of the second case, after two good ones
      std::raise(SIGINT);
  });
  std::vector<std::string> kept;
  EXPECT_THROW(kernel_bench::run(runs,
                                 {.loops = 1, .regions = 8, .placements = 4, .warmup_s = 0.001}, 1,
                                 {}, *device_, make_arena(*device_).get(), progress,
                                 [&](Outcome outcome) { kept.push_back(outcome.work->id); }),
               measure::Interrupted);
  EXPECT_EQ(kept, std::vector<std::string>{"test/rms_norm/8x16.fp32/aten"});
  measure::catch_interrupts();
}

} // namespace
} // namespace bench::kernel_bench
