#include <bench/base/temporary_folder.h>
#include <bench/compare/comparison.h>
#include <bench/device/device.h>
#include <bench/measure/worker.h>
#include <bench/profile/activity.h>
#include <bench/profile/range_profiler.h>
#include <bench/results/result.h>

#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/randn.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>

namespace bench::cli {
namespace {

using results::CaseResult;
using results::KernelProfile;
using results::ProfiledKernel;

constexpr const char* kScenario = R"(scenario: small
model:
  name: z_image
  resolution: 512x512
  text_tokens: 32
  dtype: bf16
  weights: random
  seed: 3
  architecture: {layers: 4, refiner_layers: 1, heads: 8, caption_width: 256}
engines: [graph, eager]
paths: {rms_norm: [aten, fused]}
loops:
  four: {steps: 4, shift: 3.0}
kernels:
  rms_norm: {paths: [aten, fused]}
  qk_rms_norm_rope: {paths: [aten, fused]}
gate: {work: 1 %}
sampling: {replicates: 3, loops: 1, loop_time: 0.3 s, regions: 4, placements: 2, warmup: 0.3 s}
profiles:
  gate: {device: cuda}
)";

/// The programs that these tests start must have the GPU to themselves: what opens it in this
/// process comes last.
class ProfileOnGpu : public testing::Test {
 protected:
  void SetUp() override { std::ofstream(folder_ / "small.yaml") << kScenario; }

  /// What the built program, which lies beside this test, leaves when it is called like this.
  results::Result bench(const std::string& verb, const std::string& only, const std::string& more) {
    const auto program = measure::this_executable().parent_path() / "bench";
    const std::string command =
        fmt::format("'{}' {} '{}' --only '{}' --quiet --out '{}' {} > '{}' 2>&1", program.string(),
                    verb, (folder_ / "small.yaml").string(), only, (folder_ / "out.json").string(),
                    more, (folder_ / "log").string());
    EXPECT_EQ(std::system(command.c_str()), 0) << command << "\n" << read_file(folder_ / "log");
    return results::read(folder_ / "out.json");
  }
  /// Those of `bench profile`, whole, by the ids of their cases.
  std::map<std::string, KernelProfile> profiles(const std::string& only,
                                                const std::string& more = "") {
    std::map<std::string, KernelProfile> all;
    for (const CaseResult& c : bench("profile", only, more).cases)
      if (c.kind != "anchor") {
        all[c.id] = c.profile.value_or(KernelProfile{});
        EXPECT_EQ(all[c.id].message, "") << c.id;
      }
    return all;
  }

  TemporaryFolder folder_;
};

/// All that may keep a machine from counting is its driver.
bool is_permitted(const std::string& fault) {
  return fault.find("NVreg_RestrictProfilingToAdminUsers") == std::string::npos;
}

/// (operation, name) -> launches.
std::map<std::pair<std::string, std::string>, std::int64_t> launches(const KernelProfile& profile) {
  std::map<std::pair<std::string, std::string>, std::int64_t> all;
  for (const ProfiledKernel& k : profile.kernels)
    all[{k.operation, k.name}] += k.launches;
  return all;
}

TEST_F(ProfileOnGpu, TheTableHoldsWhatTheCapturedGraphHolds) {
  const results::Result result =
      bench("profile", "loop/four/|rms_norm/32x1024.bf16/|qk_rms_norm_rope/1056x8x128.bf16/",
            fmt::format("--trace '{}'", (folder_ / "trace.json").string()));
  std::map<std::string, KernelProfile> loops;
  int kernel_cases = 0;
  for (const CaseResult& c : result.cases) {
    if (c.kind == "anchor")
      continue;
    SCOPED_TRACE(c.id);
    EXPECT_EQ(c.status, results::CaseStatus::ok) << c.message;
    const KernelProfile& profile = c.profile.value();
    EXPECT_EQ(profile.message, "");
    EXPECT_GE(profile.samples, 8);
    if (c.kind == "loop")
      loops[c.id] = profile;
    else
      ++kernel_cases;
    std::map<std::string, std::int64_t> counts;
    double sum_s = profile.gaps_s;
    for (const ProfiledKernel& k : profile.kernels) {
      sum_s += k.total_s;
      if (k.operation != "set_step") // before the graph is launched
        counts[k.name] += k.launches;
      EXPECT_EQ(k.name.find("SmStamp"), std::string::npos);
      EXPECT_GE(k.total_s, 0);
    }
    EXPECT_EQ(counts, c.kernels);
    EXPECT_NEAR(sum_s, profile.sample_s, 1e-9 * profile.sample_s);
    EXPECT_GE(profile.gaps_s, 0);
    // None: to profile it took longer than a whole sample does, or no mark was sound.
    ASSERT_TRUE(profile.plain_sample_s && profile.f_hz) << "sample " << profile.sample_s << " s";
    EXPECT_GT(profile.sample_s, 0.9 * *profile.plain_sample_s);
    EXPECT_LT(profile.sample_s, 2 * *profile.plain_sample_s); // small kernels: it costs much
    EXPECT_GT(*profile.f_hz, 5e8);
    if (c.kind == "loop" && is_permitted(profile.counters_message)) {
      EXPECT_EQ(profile.counters_message, "");
      ASSERT_TRUE(profile.counters.has_value());
      EXPECT_GT(profile.counters->dram_read_bytes, 1e6);
      EXPECT_GT(profile.counters->dram_written_bytes, 0);
      EXPECT_GT(profile.counters->l2_hit_rate, 0.1);
      EXPECT_LE(profile.counters->l2_hit_rate, 1.05); // of counters from different passes
      EXPECT_GT(profile.counters->tensor_utilization, 0);
      EXPECT_LE(profile.counters->tensor_utilization, 1);
    }
  }
  EXPECT_EQ(kernel_cases, 4);
  EXPECT_NE(read_file(folder_ / "trace.json").find("small/loop/four/graph/aten"),
            std::string::npos);

  // Operations are the same in a graph and one by one.
  ASSERT_EQ(loops.size(), 4u);
  for (const char* path : {"aten", "fused"}) {
    const KernelProfile& graph = loops.at(fmt::format("small/loop/four/graph/{}", path));
    EXPECT_EQ(launches(graph), launches(loops.at(fmt::format("small/loop/four/eager/{}", path))));
    std::set<std::string> operations;
    double named_s = 0, all_s = 0;
    for (const ProfiledKernel& k : graph.kernels) {
      operations.insert(k.operation);
      all_s += k.total_s;
      named_s += k.operation == "other" ? 0 : k.total_s;
    }
    for (const char* name :
         {"linear", "attention", "rms_norm", "rms_norm_scale", "add_gated_rms_norm_then_scale",
          "add_gated_rms_norm", "qk_rms_norm_rope", "layer_norm_scale_shift", "linear_swiglu",
          "modulation", "embedding", "scheduler", "patchify", "unpatchify", "set_step"})
      EXPECT_TRUE(operations.contains(name)) << name;
    EXPECT_GT(named_s, 0.9 * all_s);
  }
  const auto count = [&](const char* path) {
    std::int64_t n = 0;
    for (const ProfiledKernel& k : loops.at(fmt::format("small/loop/four/graph/{}", path)).kernels)
      n += k.operation == "qk_rms_norm_rope" ? k.launches : 0;
    return n;
  };
  EXPECT_EQ(count("fused"), 6); // one launch in each of 4 blocks and 2 refiners
  EXPECT_GT(count("aten"), 6 * 5);
}

TEST_F(ProfileOnGpu, AnExtraNormIsFoundByName) {
  const auto profiled = profiles("graph/aten$", "--inject norms=2");
  auto difference = launches(profiled.at("small/loop/four/graph/aten#norms=2"));
  for (const auto& [key, count] : launches(profiled.at("small/loop/four/graph/aten")))
    difference[key] -= count;
  std::erase_if(difference, [](const auto& row) { return row.second == 0; });
  ASSERT_EQ(difference.size(), 1u);
  const auto& [key, count] = *difference.begin();
  EXPECT_EQ(key.first, "other"); // no operator of the model
  EXPECT_NE(key.second.find("layer_norm_kernel"), std::string::npos) << key.second;
  EXPECT_EQ(count, 2);
}

TEST_F(ProfileOnGpu, AttentionNamesItsLibrary) {
  const auto attention = [&](const char* deprioritized) {
    setenv("TORCH_CUDNN_SDPA_DEPRIORITIZED", deprioritized, 1);
    const auto profiled = profiles("graph/fused$");
    std::string names;
    for (const ProfiledKernel& k : profiled.at("small/loop/four/graph/fused").kernels)
      if (k.operation == "attention")
        names += k.name + "\n";
    unsetenv("TORCH_CUDNN_SDPA_DEPRIORITIZED");
    return names;
  };
  const std::string with = attention("0"), without = attention("1");
  EXPECT_NE(with.find("cudnn"), std::string::npos) << with;
  EXPECT_EQ(without.find("cudnn"), std::string::npos) << without;
  EXPECT_NE(without.find("flash_fwd"), std::string::npos) << without;
}

TEST_F(ProfileOnGpu, ARunWithThePassIsTimedAsOneWithout) {
  const std::string how =
      "--set profiles.gate.sampling.loop_time=0.5s --replicates 3 --baseline none";
  const results::Result without = bench("run", "graph/aten$", how);
  const results::Result with = bench("run", "graph/aten$", how + " --profile-kernels");
  const compare::Comparison comparison = compare::compare(without, with, {});
  ASSERT_EQ(comparison.cases.size(), 1u);
  const compare::CaseComparison& judged = comparison.cases[0];
  EXPECT_NE(judged.verdict, stats::Verdict::regression);
  EXPECT_NE(judged.verdict, stats::Verdict::improvement);
  // Three processes without a prior may be too few to pass: how near they are is what counts.
  const stats::Interval work = judged.judgement.value().work;
  EXPECT_LT(std::abs(work.estimate), judged.gate) << judged.reason;
  EXPECT_LT(work.half_width, 3 * judged.gate) << judged.reason;
  for (const CaseResult& c : with.cases)
    EXPECT_TRUE(c.kind != "loop" || !c.profile.value().kernels.empty()) << c.profile->message;
}

TEST_F(ProfileOnGpu, AnotherProfilerIsNamedAndNothingFails) {
  const profile::Cupti cupti = profile::open_cupti();
  ASSERT_EQ(cupti.fault, "");
  CUpti_SubscriberHandle other = nullptr;
  ASSERT_EQ(cupti.api.subscribe(
                &other, [](void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}, nullptr),
            CUPTI_SUCCESS);
  {
    profile::Activity activity;
    EXPECT_NE(activity.fault().find("another profiler"), std::string::npos) << activity.fault();
    EXPECT_TRUE(activity.take().records.empty());
  }
  cupti.api.unsubscribe(other);
  EXPECT_EQ(profile::Activity().fault(), "") << "and then it is gone";
}

TEST_F(ProfileOnGpu, CountersOfACopyAndOfAProduct) {
  const auto options = at::TensorOptions().device(at::kCUDA).dtype(at::kBFloat16);
  const at::Tensor from = at::randn({128 << 20}, options);
  at::Tensor to = at::empty_like(from);
  const at::Tensor a = at::randn({4096, 4096}, options), b = at::randn({4096, 4096}, options);
  at::Tensor c = at::mm(a, b);
  const auto work = [&] {
    at::neg_out(to, from); // a kernel, where a copy is none
    at::mm_out(c, a, b);
    at::detail::getCUDAHooks().deviceSynchronize(0);
  };
  work();
  profile::RangeProfiler profiler;
  const auto counted = profiler.count([] {}, work);
  if (!is_permitted(counted.fault))
    return;
  ASSERT_EQ(counted.fault, "");
  ASSERT_GE(counted.kernels.size(), 2u);
  const results::Counters &copy = counted.kernels.front(), &product = counted.kernels.back();
  const auto bytes = static_cast<double>(from.nbytes());
  EXPECT_NEAR(copy.dram_read_bytes, bytes, 0.05 * bytes);
  EXPECT_NEAR(copy.dram_written_bytes, bytes, 0.25 * bytes); // the L2 keeps some of it
  EXPECT_EQ(copy.tensor_utilization, 0);
  EXPECT_GT(product.tensor_utilization, 0.3);
  EXPECT_LE(product.tensor_utilization, 1);
  EXPECT_GT(product.l2_hit_rate, 0.3);
  EXPECT_LE(product.l2_hit_rate, 1);
}

TEST_F(ProfileOnGpu, CountersOfAWholeGraph) {
  constexpr int kCopies = 8;
  const auto device = device::open_device(scenario::DeviceKind::cuda);
  const auto options = at::TensorOptions().device(device->torch_device()).dtype(at::kBFloat16);
  const at::Tensor from = at::randn({128 << 20}, options);
  at::Tensor to = at::empty_like(from);
  const at::Tensor a = at::randn({8192, 8192}, options), b = at::randn({8192, 8192}, options);
  at::Tensor c = at::empty_like(a);
  const auto copy = [&] {
    for (int i = 0; i < kCopies; ++i)
      at::neg_out(to, from);
  };
  const auto multiply = [&] {
    for (int i = 0; i < 4; ++i)
      at::mm_out(c, a, b);
  };
  profile::RangeProfiler profiler; // before the graphs are captured, as in the pass
  const auto kernels = [&] {
    return profiler.count([] {},
                          [&] {
                            at::neg_out(to, from);
                            device->synchronize();
                          });
  };
  bool permitted = is_permitted(kernels().fault); // kernel cases may come before loops and behind
  const auto counted = [&](const std::function<void()>& work) {
    const auto run = [&] {
      work();
      device->synchronize();
    };
    run();
    const profile::RangeProfiler::Whole whole = profiler.count_whole(run, run);
    permitted = permitted && is_permitted(whole.fault);
    EXPECT_TRUE(whole.fault.empty() || !permitted) << whole.fault;
    return whole.counters;
  };
  const auto copies = device->record(copy), products = device->record(multiply);
  const auto copied = counted([&] { copies->replay(); }), copied_eagerly = counted(copy),
             multiplied = counted([&] { products->replay(); });
  if (!permitted)
    return;
  ASSERT_TRUE(copied && copied_eagerly && multiplied);
  EXPECT_EQ(kernels().kernels.size(), 1u);
  const double bytes = kCopies * static_cast<double>(from.nbytes());
  for (const results::Counters& counters : {*copied, *copied_eagerly}) {
    EXPECT_NEAR(counters.dram_read_bytes, bytes, 0.05 * bytes);
    EXPECT_NEAR(counters.dram_written_bytes, bytes, 0.05 * bytes);
    EXPECT_LT(counters.tensor_utilization, 0.06);
  }
  EXPECT_GT(multiplied->tensor_utilization, 0.5);
  EXPECT_LE(multiplied->tensor_utilization, 1);
  EXPECT_GT(multiplied->l2_hit_rate, 0.3);
  EXPECT_LT(multiplied->dram_read_bytes, 4e10);
  EXPECT_GT(multiplied->dram_read_bytes, 2e8); // both factors at least once: 268 MB in all
}

} // namespace
} // namespace bench::cli
