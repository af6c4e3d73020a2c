#include <bench/explain/explain.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace bench::explain {
namespace {

using results::KernelProfile;
using results::ProfiledKernel;

ProfiledKernel kernel(std::string operation, std::string name, std::int64_t launches,
                      double total_s, std::int64_t grid = 100) {
  return {.name = std::move(name),
          .operation = std::move(operation),
          .grid = {grid, 1, 1},
          .block = {128, 1, 1},
          .launches = launches,
          .total_s = total_s,
          .median_s = total_s / static_cast<double>(launches)};
}

KernelProfile profile(std::vector<ProfiledKernel> kernels, double gaps_s = 0.001,
                      double f_hz = 1.5e9) {
  KernelProfile result{.source = "CUPTI 13.0 activity",
                       .message = "",
                       .samples = 8,
                       .sample_s = gaps_s,
                       .gaps_s = gaps_s,
                       .f_hz = f_hz,
                       .kernels = std::move(kernels)};
  for (const ProfiledKernel& each : result.kernels)
    result.sample_s += each.total_s;
  return result;
}

/// The whole by its parts.
double sum(const Explanation& e) {
  return std::accumulate(
      e.operations.begin(), e.operations.end(), e.gaps_s + e.clock_s + e.unaccounted_s,
      [](double so_far, const OperationDrift& each) { return so_far + each.drift_s(); });
}

void expect_whole(const Explanation& e) {
  EXPECT_NEAR(sum(e), e.new_sample_s - e.base_sample_s, 1e-15);
  EXPECT_NEAR(e.drift_s(), e.new_sample_s - e.base_sample_s, 1e-15);
  for (const OperationDrift& each : e.operations)
    EXPECT_NEAR(each.drift_s(), each.new_s - each.base_s, 1e-15) << each.operation;
}

TEST(Explain, AnUnchangedProfileHasNoParts) {
  const KernelProfile p = profile({kernel("linear", "gemm", 10, 0.05)});
  const Explanation e = explain(p, p, -0.9);
  ASSERT_EQ(e.operations.size(), 1U);
  EXPECT_TRUE(e.operations[0].parts.empty());
  EXPECT_EQ(e.drift_s(), 0);
  EXPECT_EQ(moved_most(e), "");
}

TEST(Explain, MoreLaunchesAndSlowerOnesAreTwoParts) {
  const Explanation e = explain(profile({kernel("rms_norm", "norm", 10, 0.010)}),
                                profile({kernel("rms_norm", "norm", 12, 0.018)}), -0.9);
  expect_whole(e);
  const std::vector<Part>& parts = e.operations.at(0).parts;
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].change, Change::slower); // 12 launches of 0.5 ms more
  EXPECT_NEAR(parts[0].drift_s, 0.006, 1e-15);
  EXPECT_EQ(parts[1].change, Change::more_launches); // two of 1 ms
  EXPECT_NEAR(parts[1].drift_s, 0.002, 1e-15);
}

TEST(Explain, KernelsAppearAndVanish) {
  const Explanation e = explain(
      profile({kernel("linear", "gemm", 10, 0.05), kernel("swiglu", "silu", 3, 0.006)}),
      profile({kernel("linear", "gemm", 10, 0.05), kernel("rms_norm", "norm", 2, 0.002)}), -0.9);
  expect_whole(e);
  ASSERT_EQ(e.operations.size(), 3U); // the one that moved most first
  EXPECT_EQ(e.operations[0].operation, "swiglu");
  EXPECT_EQ(e.operations[0].parts.at(0).change, Change::vanished);
  EXPECT_NEAR(e.operations[0].drift_s(), -0.006, 1e-15);
  EXPECT_EQ(e.operations[1].parts.at(0).change, Change::appeared);
  EXPECT_NEAR(e.operations[1].drift_s(), 0.002, 1e-15);
  EXPECT_EQ(moved_most(e), "swiglu -10.53 %, rms_norm +3.51 %");
}

TEST(Explain, AKernelThatIsReplacedIsOnePart) {
  const Explanation e = explain(profile({kernel("attention", "cudnn_sdpa", 34, 0.018)}),
                                profile({kernel("attention", "flash_fwd", 34, 0.021, 50)}), -0.9);
  expect_whole(e);
  const Part& part = e.operations.at(0).parts.at(0);
  EXPECT_EQ(part.change, Change::replaced);
  EXPECT_EQ(part.kernel, "cudnn_sdpa");
  EXPECT_EQ(part.new_kernel, "flash_fwd");
  EXPECT_NEAR(part.drift_s, 0.003, 1e-15);
}

TEST(Explain, OtherIsNoOperationThatAReplacementHas) {
  const Explanation e = explain(profile({kernel("other", "cat", 4, 0.002, 10)}),
                                profile({kernel("other", "fill", 4, 0.003, 20)}), -0.9);
  expect_whole(e);
  ASSERT_EQ(e.operations.at(0).parts.size(), 2U);
  EXPECT_EQ(e.operations[0].parts[0].change, Change::appeared);
  EXPECT_EQ(e.operations[0].parts[1].change, Change::vanished);
}

TEST(Explain, AKernelIsNoReplacementOfAMemorySet) {
  const Explanation e = explain(
      profile({kernel("linear", "[memset]", 32, 0.0001), kernel("linear", "gemm", 30, 0.03)}),
      profile({kernel("linear", "own_gemm", 32, 0.028)}), -0.9);
  expect_whole(e);
  ASSERT_EQ(e.operations.at(0).parts.size(), 3U);
  for (const Part& part : e.operations[0].parts)
    EXPECT_NE(part.change, Change::replaced) << part.kernel;
}

TEST(Explain, AnotherGridOfTheSameKernelIsSaid) {
  const Explanation e = explain(profile({kernel("linear", "gemm", 8, 0.04, 100)}),
                                profile({kernel("linear", "gemm", 8, 0.05, 132)}), -0.9);
  expect_whole(e);
  EXPECT_EQ(e.operations.at(0).parts.at(0).change, Change::other_grid);
  EXPECT_EQ(e.operations[0].parts[0].new_grid[0], 132);
}

// Nothing changed but the clock: products follow it, norms do not, and the whole follows it with
// the case's own slope.
TEST(Explain, AtOneClockNothingMoved) {
  const double compute_s = 0.08, memory_s = 0.02, farther = 0.02;
  const double slope = -compute_s / (compute_s + memory_s) * std::expm1(-farther) / -farther;
  const KernelProfile base =
      profile({kernel("linear", "gemm", 10, compute_s), kernel("rms_norm", "norm", 10, memory_s)},
              0, 1.5e9);
  const KernelProfile fresh = profile({kernel("linear", "gemm", 10, compute_s * std::exp(-farther)),
                                       kernel("rms_norm", "norm", 10, memory_s)},
                                      0, 1.5e9 * std::exp(farther));
  const Explanation e = explain(base, fresh, slope);
  expect_whole(e);
  ASSERT_TRUE(e.slopes);
  EXPECT_NEAR(e.slopes->compute, -1, 0.02);
  EXPECT_NEAR(e.slopes->memory, 0, 0.02);
  EXPECT_LT(std::abs(e.work()), 0.0005); // of 1.6 % as it was timed
  EXPECT_LT(e.clock_s, -0.0015);
}

TEST(Explain, WithoutAClockKernelsAreComparedAsProfiled) {
  KernelProfile base = profile({kernel("linear", "gemm", 10, 0.05)});
  const KernelProfile fresh = profile({kernel("linear", "gemm", 10, 0.06)});
  base.f_hz.reset();
  const Explanation e = explain(base, fresh, -0.9);
  expect_whole(e);
  EXPECT_FALSE(e.slopes);
  ASSERT_EQ(e.notes.size(), 1U);
  EXPECT_EQ(
      e.notes[0],
      "the clock of the base's profile is not known: kernels are compared as they were profiled");
}

TEST(Explain, AProfileWhosePartsAreNotItsWholeSaysSo) {
  KernelProfile fresh = profile({kernel("linear", "gemm", 10, 0.05)});
  const KernelProfile base = fresh;
  fresh.sample_s += 0.002; // dropped records
  fresh.message = "20 records were dropped";
  const Explanation e = explain(base, fresh, -0.9);
  expect_whole(e);
  EXPECT_NEAR(e.unaccounted_s, 0.002, 1e-15);
  EXPECT_EQ(e.notes.at(0), "profile of the new one: 20 records were dropped");
}

TEST(Explain, TheResidualHoldsTheProfilesAgainstTheTimedSamples) {
  results::CaseResult base = results::fake_case("a", 0.1), fresh = results::fake_case("a", 0.1003);
  base.profile = profile({kernel("linear", "gemm", 10, 0.1)}, 0);
  fresh.profile = profile({kernel("linear", "gemm", 10, 0.1004)}, 0);
  const auto e = explain(base, fresh, std::nullopt, {}, {std::log(1.003), 0.0005}, true);
  ASSERT_TRUE(e);
  EXPECT_NEAR(*e->timed, 0.003, 1e-12);
  EXPECT_NEAR(e->work(), 0.004, 1e-12);
  EXPECT_NEAR(*e->residual(), 0.001, 1e-12);
  EXPECT_NEAR(*e->timed_half_width, 0.0005015, 1e-6);
}

TEST(Explain, HoldsWhatTheGpuCountedOfAStep) {
  KernelProfile base = profile({kernel("linear", "gemm", 10, 0.1)}), fresh = base;
  fresh.counters = results::Counters{.dram_read_bytes = 3e9, .dram_written_bytes = 1e9};
  const Explanation e = explain(base, fresh, std::nullopt);
  EXPECT_FALSE(e.base_bytes.has_value());
  EXPECT_DOUBLE_EQ(e.new_bytes.value(), 4e9);
}

TEST(Explain, WantsProfilesOfBothSides) {
  results::CaseResult base = results::fake_case("a", 0.1), fresh = base;
  fresh.profile = profile({kernel("linear", "gemm", 10, 0.1)});
  EXPECT_FALSE(explain(base, fresh, std::nullopt, {}, {}, true));
  EXPECT_EQ(no_profile(fresh), "");
  EXPECT_EQ(no_profile(base), "no profile of its kernels; `bench run --profile-kernels` takes one");
  base.profile = KernelProfile{.message = "no CUPTI"};
  EXPECT_EQ(no_profile(base),
            "its profile has no kernels: no CUPTI; `bench run --profile-kernels` takes one");
}

} // namespace
} // namespace bench::explain
