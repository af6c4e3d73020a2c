#include <bench/base/error.h>
#include <bench/compare/ab.h>
#include <bench/compare/output.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Result;
using stats::Verdict;

/// Three processes of seeds 1, 2, 3, each `t_s` within 0.01 %.
Result arm_of(const std::vector<std::string>& ids, double t_s) {
  std::vector<CaseResult> cases;
  for (const std::string& id : ids) {
    cases.push_back(results::fake_case(id, t_s));
    for (std::uint64_t i = 0; i < 3; ++i)
      cases.back().replicates[i].seed = i + 1;
  }
  return results::fake_result(std::move(cases));
}

TEST(Ab, PairsAreReplicatesOfOneSeed) {
  const Result a = arm_of({"x"}, 0.1);
  Result b = arm_of({"x"}, 0.1003);
  std::ranges::reverse(b.cases[0].replicates);
  const AbComparison comparison = compare_pairs(a, b, {}, 0.99);
  ASSERT_EQ(comparison.cases.size(), 1u);
  const AbCase& c = comparison.cases[0];
  EXPECT_EQ(c.verdict, Verdict::regression);
  EXPECT_NEAR(c.judgement->work.drift.estimate, std::log(1.003), 1e-12);
  EXPECT_NEAR(c.judgement->work.drift.half_width, 0, 1e-9); // each pair differs by the same
  EXPECT_EQ(c.judgement->pairs, 3);
  EXPECT_EQ(comparison.open(), std::vector<std::string>{"x"}); // an alarm of three pairs

  b.cases[0].replicates.pop_back(); // of seed 1
  EXPECT_EQ(compare_pairs(a, b, {}, 0.99).cases[0].judgement->pairs, 2);
}

TEST(Ab, AGpuThatWaitsForTheHostIsJudgedAsItWasTimed) {
  const auto at = [](double clock_hz) {
    Result result = arm_of({"x"}, 0.1);
    for (results::Replicate& replicate : result.cases[0].replicates) {
      for (std::size_t i = 0; i < replicate.samples.t_s.size(); ++i) {
        const double log_f = 1e-3 * static_cast<double>(i % 4);
        replicate.samples.f_hz[i] = clock_hz * std::exp(log_f);
        replicate.samples.t_s[i] *= std::exp(-0.8 * log_f);
      }
    }
    return result;
  };
  const Result a = at(1.5e9);
  Result b = at(1.515e9);
  EXPECT_EQ(compare_pairs(a, b, {}, 0.99).cases.at(0).verdict, Verdict::regression);
  note_gpu_waits_for_host(b.cases[0]);
  const AbCase raw = compare_pairs(a, b, {}, 0.99).cases.at(0);
  EXPECT_EQ(raw.verdict, Verdict::pass) << raw.reason;
  EXPECT_FALSE(raw.judgement.value().slope);
  EXPECT_EQ(raw.warnings.size(), 1u);
}

TEST(Ab, APairIsOfOneGpu) {
  Result b = arm_of({"x"}, 0.1003);
  b.cases[0].replicates[2].device_uuid = "GPU-bbbb-2";
  EXPECT_EQ(compare_pairs(arm_of({"x"}, 0.1), b, {}, 0.99).cases[0].judgement.value().pairs, 2);
}

TEST(Ab, TimesAndEnergyAreOfThePairsThatAreCompared) {
  Result a = arm_of({"x", "z/anchor/copy"}, 0.1);
  a.cases[1].kind = "anchor";
  for (results::Replicate& replicate : a.cases[0].replicates)
    replicate.machine["sampled"] = {{"energy_j", 678}, {"steps", 10}};
  Result b = a;
  for (CaseResult& c : b.cases) // of the third pair, on a machine in another mode
    std::ranges::fill(c.replicates[2].samples.t_s, 0.2);
  b.cases[0].replicates[2].machine["sampled"]["energy_j"] = 1356;
  b.cases[0].replicates[1].samples = b.cases[0].replicates[2].samples;
  const AbCase c = compare_pairs(a, b, {}, 0.99).cases.at(0);
  ASSERT_EQ(c.judgement.value().set_aside, std::vector<std::size_t>{2});
  EXPECT_NEAR(c.b_t_s.value(), 0.15, 1e-4) << "of two processes, of which one took 0.2 s";
  EXPECT_NEAR(c.b_energy_j.value(), 67.8, 1e-9);
}

TEST(Ab, AnotherPowerLimitIsInvalid) {
  Result b = arm_of({"x"}, 0.1003);
  b.machine["gpu"]["power_limit_w"] = "600";
  const AbCase c = compare_pairs(arm_of({"x"}, 0.1), b, {}, 0.99).cases.at(0);
  EXPECT_EQ(c.verdict, Verdict::invalid);
  EXPECT_EQ(c.reason, "the power limit was 700 W, now it is 600 W");
  EXPECT_FALSE(c.judgement);
}

TEST(Ab, CasesThatOnlyOneArmHasAreMissing) {
  const AbComparison comparison =
      compare_pairs(arm_of({"x", "old"}, 0.1), arm_of({"new", "x"}, 0.1), {}, 0.99);
  ASSERT_EQ(comparison.cases.size(), 3u);
  EXPECT_EQ(comparison.cases[0].reason, "only B has this case");
  EXPECT_EQ(comparison.cases[1].verdict, Verdict::pass);
  EXPECT_EQ(comparison.cases[2].id, "old");
  EXPECT_EQ(comparison.cases[2].reason, "only A has this case");
  EXPECT_EQ(comparison.counts(),
            (std::map<Verdict, int>{{Verdict::pass, 1}, {Verdict::missing, 2}}));
}

TEST(Ab, APathIsHeldAgainstTheOnlyOtherPath) {
  const AbComparison comparison =
      compare_pairs(arm_of({"z/l/aten", "z/k/aten"}, 0.1),
                    arm_of({"z/l/cuda", "z/k/cuda", "z/k/triton"}, 0.1003), {}, 0.99);
  ASSERT_EQ(comparison.cases.size(), 4u);
  EXPECT_EQ(comparison.cases[0].id, "z/l/aten -> cuda");
  EXPECT_EQ(comparison.cases[0].verdict, Verdict::regression);
  EXPECT_EQ(comparison.open(), (std::vector<std::string>{"z/l/aten", "z/l/cuda"}));
  for (const std::size_t i : {1, 2, 3}) // which of two it would be held against nobody knows
    EXPECT_EQ(comparison.cases[i].verdict, Verdict::missing);
}

TEST(Ab, OfTwoPathsTheNoisierOnesNoiseCounts) {
  NoiseFile noise;
  noise.regimes["graph loop"] = {.replicate_sd = 1e-4, .replicate_df = 50};
  const auto half_width = [&](const std::string& a, const std::string& b) {
    return compare_pairs(arm_of({a}, 0.1), arm_of({b}, 0.1), noise, 0.99)
        .cases[0]
        .judgement->work.drift.half_width;
  };
  const double quiet = half_width("z/l/aten", "z/l/cuda");
  noise.cases["z/l/cuda"] = {.hash = "0123456789abcdef", .replicate_sd = 1e-3, .replicate_df = 50};
  EXPECT_GT(half_width("z/l/aten", "z/l/cuda"), 5 * quiet);
  EXPECT_GT(half_width("z/l/cuda", "z/l/aten"), 5 * quiet);
  EXPECT_DOUBLE_EQ(half_width("z/l/aten", "z/l/aten"), quiet);
}

TEST(Ab, OtherWorkIsComparedAndSaid) {
  const Result a = arm_of({"x"}, 0.1);
  Result b = arm_of({"x"}, 0.1);
  b.cases[0].hash = "fedcba9876543210";
  b.cases[0].check.checksum = "00000000000000bb";
  const AbComparison comparison = compare_pairs(a, b, {}, 0.99);
  EXPECT_EQ(comparison.cases[0].verdict, Verdict::pass);
  EXPECT_EQ(comparison.notes, std::vector<std::string>{"the work differs: x"});
  EXPECT_EQ(comparison.cases[0].warnings, std::vector<std::string>{"output differs"});
}

TEST(Ab, AFailedArmIsInvalid) {
  const Result a = arm_of({"x"}, 0.1);
  Result b = arm_of({"x"}, 0.1);
  b.cases[0].status = results::CaseStatus::failed;
  b.cases[0].message = "out of memory";
  const AbComparison comparison = compare_pairs(a, b, {}, 0.99);
  EXPECT_EQ(comparison.cases[0].verdict, Verdict::invalid);
  EXPECT_EQ(comparison.cases[0].reason, "B: failed: out of memory");
}

TEST(Ab, NoPairIsInvalid) {
  const Result a = arm_of({"x"}, 0.1);
  Result b = arm_of({"x"}, 0.1);
  for (results::Replicate& replicate : b.cases[0].replicates)
    replicate.seed += 10;
  EXPECT_EQ(compare_pairs(a, b, {}, 0.99).cases[0].reason, "no pair of processes measured it");
}

TEST(Ab, RefusesTwoGpuModels) {
  const Result a = arm_of({"x"}, 0.1);
  Result b = arm_of({"x"}, 0.1);
  b.machine["gpu"]["name"] = "NVIDIA H100 80GB HBM3";
  EXPECT_THROW(compare_pairs(a, b, {}, 0.99), UsageError);
}

TEST(Ab, Json) {
  Result a = arm_of({"x", "old"}, 0.1), b = arm_of({"x"}, 0.1);
  for (Result* side : {&a, &b})
    for (results::Replicate& replicate : side->cases[0].replicates)
      replicate.machine["sampled"] = {{"energy_j", 678}, {"steps", 10}};
  const auto json = nlohmann::json::parse(to_json(compare_pairs(a, b, {}, 0.9975)).dump());
  EXPECT_EQ(json["confidence"], 0.9975);
  EXPECT_EQ(json["counts"]["missing"], 1);
  const auto& judgement = json["cases"][0]["judgement"];
  EXPECT_EQ(judgement["pairs"], 3);
  EXPECT_EQ(judgement["energy"]["verdict"], "pass");
  EXPECT_NEAR(json["cases"][0]["a_energy_j"].get<double>(), 67.8, 1e-12);
  EXPECT_TRUE(json["cases"][1]["judgement"].is_null());
}

TEST(Ab, IsShownAsAComparisonWithAForBase) {
  const Comparison shown =
      as_comparison(compare_pairs(arm_of({"x", "old"}, 0.1), arm_of({"x"}, 0.1003), {}, 0.99));
  ASSERT_EQ(shown.cases.size(), 2u);
  const CaseComparison& c = shown.cases[0];
  EXPECT_EQ(c.verdict, Verdict::regression);
  ASSERT_TRUE(c.judgement);
  EXPECT_NEAR(c.judgement->work.estimate, std::log(1.003), 1e-12);
  EXPECT_NEAR(std::exp(c.judgement->base_log_t), 0.1, 1e-5);
  EXPECT_EQ(c.judgement->new_replicates, 3);
  ASSERT_EQ(c.base_replicates.size(), 3u);
  ASSERT_EQ(c.new_replicates.size(), 3u);
  EXPECT_NEAR(c.new_replicates[1].work_t_s / c.base_replicates[1].work_t_s, 1.003, 1e-9);
  EXPECT_TRUE(c.base_replicates[1].compared);
  EXPECT_FALSE(shown.cases[1].judgement);
  EXPECT_EQ(shown.cases[1].reason, "only A has this case");
}

TEST(AbKernels, ChangesOfLaunchesAndProfilesAreTold) {
  const auto profile = [](std::int64_t norms) {
    results::KernelProfile p;
    p.samples = 9;
    p.gaps_s = 1e-3;
    p.sample_s = 1e-3 + 1e-4 * static_cast<double>(norms);
    p.kernels = {{.name = "norm",
                  .operation = "rms_norm",
                  .launches = norms,
                  .total_s = 1e-4 * static_cast<double>(norms),
                  .median_s = 1e-4}};
    return p;
  };
  results::CaseResult a = results::fake_case("zimage/a", 0.1),
                      b = results::fake_case("zimage/a", 0.1);
  a.profile = profile(90);
  b.profile = profile(91);
  const AbComparison pairs =
      compare_pairs(results::fake_result({a}), results::fake_result({b}), {}, 0.99);
  EXPECT_EQ(to_text(pairs.cases.at(0).exact), "in the profile launches 90 -> 91: +1 norm");
  const Comparison shown = as_comparison(pairs);
  ASSERT_TRUE(shown.cases.at(0).explanation);
  EXPECT_EQ(explain::moved_most(*shown.cases[0].explanation), "rms_norm +1.00 %");
  EXPECT_EQ(to_text(shown.cases[0].exact), to_text(pairs.cases[0].exact));
  const auto json = to_json(pairs);
  EXPECT_EQ(json["cases"][0]["exact"]["new_launches"], 91);
  EXPECT_FALSE(json["cases"][0]["explanation"].is_null());
}

} // namespace
} // namespace bench::compare
