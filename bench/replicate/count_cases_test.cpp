#include <bench/measure/interrupt.h>
#include <bench/models/tiny_model.h>
#include <bench/profile/fake_range_profiler.h>
#include <bench/replicate/count_cases.h>

#include <gtest/gtest.h>

namespace bench::replicate {
namespace {

using results::CaseResult;
using results::KernelProfile;

struct Silent final : measure::Progress {
  void start(int) override {}
  void begin(std::string_view) override {}
  void phase(std::string_view, double) override {}
  void end(std::string_view) override {}
};

/// A tiny loop on the CPU, whose table is there; what is counted is a fake GPU's.
class CountCases : public testing::Test {
 protected:
  CountCases() {
    scenario::LoopCase loop;
    loop.model = models::tiny_model("flux2");
    loop.engine = "eager";
    loop.paths = {{"rms_norm", "aten"}};
    loop.spec = {.steps = 4, .guidance = 4};
    case_.id = "tiny/loop/four/eager/aten";
    case_.work = loop;
  }
  Uncounted uncounted(const Injection& injection = {}) const {
    Uncounted c{.work = &case_, .injection = injection};
    c.result.id = case_.id;
    c.result.kind = "loop";
    c.result.profile.emplace().sample_s = 0.1;
    return c;
  }
  std::vector<KernelProfile> count(std::vector<Uncounted> cases,
                                   const std::function<profile::Cupti()>& open) {
    std::vector<KernelProfile> profiles;
    count_cases(
        std::move(cases), bench_,
        [&](const CaseResult& c) { profiles.push_back(c.profile.value()); }, open);
    return profiles;
  }

  scenario::Case case_;
  std::unique_ptr<device::Device> device_ = device::open_device(scenario::DeviceKind::cpu);
  Silent progress_;
  const Bench bench_{.device = *device_, .sampling = {}, .progress = progress_};
};

TEST_F(CountCases, AStepOfEachLoopAsAWhole) {
  const auto profiles =
      count({uncounted(), uncounted({.kind = Injection::Kind::norms, .amount = 1})},
            profile::fake_range_profiler);
  ASSERT_EQ(profiles.size(), 2u);
  for (const KernelProfile& profile : profiles) {
    EXPECT_EQ(profile.counters_message, "");
    ASSERT_TRUE(profile.counters.has_value());
    EXPECT_DOUBLE_EQ(profile.counters->dram_read_bytes, 1e6);
    EXPECT_DOUBLE_EQ(profile.counters->dram_written_bytes, 2e6);
    EXPECT_DOUBLE_EQ(profile.counters->tensor_utilization, 0.125);
  }
  EXPECT_EQ(profile::gpu.mode, CUPTI_UserRange);
  EXPECT_EQ(profile::gpu.passes_done, 3);
  EXPECT_EQ(profile::gpu.open, 0) << "all is given back";
}

TEST_F(CountCases, WhatKeepsOneFromBeingCountedIsSaidAndTheOthersGoOn) {
  const auto refused = count({uncounted(), uncounted()}, [] {
    profile::Cupti cupti = profile::fake_range_profiler();
    profile::gpu.on_enable = CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
    return cupti;
  });
  ASSERT_EQ(refused.size(), 2u);
  for (const KernelProfile& profile : refused) {
    EXPECT_TRUE(profile.counters_message.starts_with(
        "no counters: the driver lets only administrators profile"))
        << profile.counters_message;
    EXPECT_EQ(profile.message, "") << "the table is whole";
    EXPECT_FALSE(profile.counters.has_value());
    EXPECT_DOUBLE_EQ(profile.sample_s, 0.1);
  }
  const auto missing =
      count({uncounted()}, [] { return profile::Cupti{.api = {}, .fault = "there is none"}; });
  EXPECT_EQ(missing.at(0).counters_message, "no counters: there is none");

  scenario::Case elsewhere = case_;
  std::get<scenario::LoopCase>(elsewhere.work).worker.emplace();
  Uncounted worker = uncounted();
  worker.work = &elsewhere;
  EXPECT_EQ(count({worker}, profile::fake_range_profiler).at(0).counters_message,
            "no counters: the step of a worker runs in another process, whose kernels only that "
            "could count");

  scenario::Case broken = case_;
  std::get<scenario::LoopCase>(broken.work).model.name = "no such model";
  Uncounted first = uncounted();
  first.work = &broken;
  const auto rest = count({first, uncounted()}, profile::fake_range_profiler);
  EXPECT_TRUE(rest.at(0).counters_message.starts_with("no counters: ")) << rest[0].counters_message;
  EXPECT_TRUE(rest.at(1).counters.has_value()) << rest[1].counters_message;
}

TEST_F(CountCases, NothingToCountOpensNothing) {
  EXPECT_TRUE(count({}, []() -> profile::Cupti { throw std::logic_error("opened"); }).empty());
}

} // namespace
} // namespace bench::replicate
