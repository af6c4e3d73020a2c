#include <bench/cli/case_results.h>
#include <bench/cli/catalog.h>
#include <bench/cli/replicate.h>
#include <bench/cli/temporary_folder.h>
#include <bench/compare/comparison.h>
#include <bench/measure/worker.h>
#include <bench/profile/activity.h>
#include <bench/profile/range_profiler.h>
#include <bench/scenario/scenario.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/randn.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
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

class Silent final : public measure::Progress {
  void start(int) override {}
  void begin(std::string_view) override {}
  void phase(std::string_view, double) override {}
  void end(std::string_view) override {}
};

/// The programs that these tests start must have the GPU to themselves: what opens it in this
/// process comes last.
class ProfileOnGpu : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "small.yaml") << kScenario;
    const scenario::Catalog catalog = make_catalog();
    plan_ = expand(load(folder_ / "small.yaml", catalog, {}), "gate", catalog);
  }

  /// The built program, which lies beside this test.
  static std::filesystem::path program() {
    return measure::this_executable().parent_path() / "bench";
  }
  std::vector<std::string> ids(const std::vector<std::string>& parts) const {
    std::vector<std::string> some;
    for (const scenario::Case& c : plan_.cases)
      for (const std::string& part : parts)
        if (c.id.find(part) != std::string::npos)
          some.push_back(c.id);
    EXPECT_GE(some.size(), parts.size());
    return some;
  }
  std::map<std::string, CaseResult> run(ReplicateRequest request,
                                        const std::vector<std::string>& parts) {
    request.scenario = folder_ / "small.yaml";
    request.profile = "gate";
    request.cases = ids(parts);
    std::map<std::string, CaseResult> all;
    const ReplicateEnd end = run_replicate(program(), request, progress_, [&](results::Result r) {
      for (CaseResult& c : r.cases)
        all[c.id] = std::move(c);
    });
    EXPECT_EQ(end.fault, "");
    return all;
  }
  /// As bench profile takes them: a process a call, under CUPTI from its beginning.
  std::map<std::string, KernelProfile> profiles(const std::vector<std::string>& parts,
                                                const std::vector<Injection>& injections = {}) {
    std::map<std::string, KernelProfile> all;
    ReplicateRequest request{.scenario = {},
                             .overrides = {},
                             .profile = "",
                             .cases = {},
                             .flags = {},
                             .injections = injections,
                             .profile_kernels = true,
                             .trace = trace_};
    for (auto& [id, c] : run(request, parts)) {
      all[id] = c.profile.value_or(KernelProfile{});
      EXPECT_EQ(all[id].message, "") << id;
      EXPECT_GE(all[id].samples, 8) << id;
    }
    return all;
  }

  TemporaryFolder folder_;
  scenario::Expansion plan_;
  Silent progress_;
  std::filesystem::path trace_;
};

/// (operation, name) -> launches.
std::map<std::pair<std::string, std::string>, std::int64_t> launches(const KernelProfile& profile) {
  std::map<std::pair<std::string, std::string>, std::int64_t> all;
  for (const ProfiledKernel& k : profile.kernels)
    all[{k.operation, k.name}] += k.launches;
  return all;
}

TEST_F(ProfileOnGpu, TheTableHoldsWhatTheCapturedGraphHolds) {
  const std::vector<std::string> parts{"loop/four/", "rms_norm/32x1024.bf16/",
                                       "qk_rms_norm_rope/1056x8x128.bf16/"};
  trace_ = folder_ / "trace.json";
  const auto profiled = profiles(parts);
  const auto timed = run(
      {.scenario = {}, .overrides = {}, .profile = "", .cases = {}, .flags = {}, .injections = {}},
      parts);
  ASSERT_EQ(profiled.size(), ids(parts).size());
  for (const auto& [id, profile] : profiled) {
    SCOPED_TRACE(id);
    const CaseResult& c = timed.at(id);
    EXPECT_EQ(c.status, results::CaseStatus::ok) << c.message;
    device::KernelCounts counts;
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
    EXPECT_GT(profile.sample_s, 0.9 * profile.plain_sample_s.value());
    EXPECT_LT(profile.sample_s, 2 * profile.plain_sample_s.value()); // small kernels: it costs much
    EXPECT_GT(profile.f_hz.value(), 5e8);
  }
  EXPECT_NE(read_file(trace_).find("small/loop/four/graph/aten"), std::string::npos);
}

TEST_F(ProfileOnGpu, OperationsAreTheSameInAGraphAndOneByOne) {
  const auto profiled = profiles({"loop/four/"});
  for (const char* path : {"aten", "fused"}) {
    const KernelProfile& graph = profiled.at(fmt::format("small/loop/four/graph/{}", path));
    EXPECT_EQ(launches(graph),
              launches(profiled.at(fmt::format("small/loop/four/eager/{}", path))));
    std::set<std::string> operations;
    double named_s = 0, all_s = 0;
    for (const ProfiledKernel& k : graph.kernels) {
      operations.insert(k.operation);
      all_s += k.total_s;
      named_s += k.operation == "other" ? 0 : k.total_s;
    }
    for (const char* name :
         {"linear", "attention", "rms_norm", "rms_norm_scale", "add_gated_rms_norm_then_scale",
          "add_gated_rms_norm", "qk_rms_norm_rope", "layer_norm_scale_shift", "swiglu",
          "modulation", "embedding", "scheduler", "patchify", "unpatchify", "set_step"})
      EXPECT_TRUE(operations.contains(name)) << name;
    EXPECT_GT(named_s, 0.9 * all_s);
  }
  const auto count = [&](const char* path) {
    std::int64_t n = 0;
    for (const ProfiledKernel& k :
         profiled.at(fmt::format("small/loop/four/graph/{}", path)).kernels)
      n += k.operation == "qk_rms_norm_rope" ? k.launches : 0;
    return n;
  };
  EXPECT_EQ(count("fused"), 6); // one launch in each of 4 blocks and 2 refiners
  EXPECT_GT(count("aten"), 6 * 5);
}

TEST_F(ProfileOnGpu, AnExtraNormIsFoundByName) {
  const auto profiled = profiles({"graph/aten"}, {Injection{Injection::Kind::norms, 2}});
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
    const auto profiled = profiles({"graph/fused"});
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

TEST_F(ProfileOnGpu, ARunWithThePassIsJudgedEqualToOneWithout) {
  const auto run = [&](const std::string& name, const std::string& more) {
    const std::string command = fmt::format(
        "'{}' run '{}' --only 'graph/aten$' --set profiles.gate.sampling.loop_time=0.5s "
        "--replicates 3 --baseline none --quiet --out '{}' {} > '{}' 2>&1",
        program().string(), (folder_ / "small.yaml").string(), (folder_ / name).string(), more,
        (folder_ / "log").string());
    EXPECT_EQ(std::system(command.c_str()), 0) << read_file(folder_ / "log");
    return results::read(folder_ / name);
  };
  const results::Result without = run("without.json", ""),
                        with = run("with.json", "--profile-kernels");
  const compare::Comparison comparison = compare::compare(without, with, {});
  ASSERT_EQ(comparison.cases.size(), 1u);
  EXPECT_EQ(comparison.cases[0].verdict, stats::Verdict::pass);
  for (const CaseResult& c : with.cases)
    if (c.kind == "loop") {
      EXPECT_FALSE(c.profile.value().kernels.empty()) << c.profile->message;
    }
}

TEST_F(ProfileOnGpu, AnotherProfilerIsNamedAndNothingFails) {
  const profile::Cupti cupti = profile::open_cupti();
  ASSERT_EQ(cupti.fault, "");
  CUpti_SubscriberHandle other = nullptr;
  ASSERT_EQ(cupti.api.subscribe(
                &other, [](void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}, nullptr),
            CUPTI_SUCCESS);
  const auto device = device::open_device(scenario::DeviceKind::cuda);
  std::vector<scenario::Case> one;
  for (const scenario::Case& c : plan_.cases)
    if (c.id == "small/loop/four/graph/fused")
      one.push_back(c);
  std::vector<KernelProfile> all;
  profile_cases(one, {std::nullopt},
                {.device = *device, .sampling = plan_.sampling, .seed = 1, .progress = progress_},
                {}, [&](const CaseResult& c) { all.push_back(c.profile.value()); });
  cupti.api.unsubscribe(other);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all[0].kernels.empty());
  EXPECT_NE(all[0].message.find("another profiler"), std::string::npos) << all[0].message;
}

TEST_F(ProfileOnGpu, CountersOfACopyAndOfAProduct) {
  const auto device = device::open_device(scenario::DeviceKind::cuda);
  const auto options = at::TensorOptions().device(device->torch_device()).dtype(at::kBFloat16);
  const at::Tensor from = at::randn({128 << 20}, options);
  at::Tensor to = at::empty_like(from);
  const at::Tensor a = at::randn({4096, 4096}, options), b = at::randn({4096, 4096}, options);
  at::Tensor c = at::mm(a, b);
  const auto work = [&] {
    at::neg_out(to, from); // a kernel, where a copy is none
    at::mm_out(c, a, b);
    device->synchronize();
  };
  work();
  profile::RangeProfiler profiler;
  const auto counted = profiler.count([] {}, work);
  if (!counted.fault.empty()) { // all that may keep it from counting
    EXPECT_NE(counted.fault.find("NVreg_RestrictProfilingToAdminUsers"), std::string::npos)
        << counted.fault;
    return;
  }
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

} // namespace
} // namespace bench::cli
