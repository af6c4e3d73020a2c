#include <bench/explain/exact_change.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

namespace bench::explain {
namespace {

results::CaseResult counted(std::int64_t launches, std::map<std::string, std::int64_t> kernels) {
  results::CaseResult result = results::fake_case("zimage/loop/turbo-9/graph/aten", 0.1);
  result.launches = launches;
  result.kernels = std::move(kernels);
  return result;
}

results::KernelProfile profiled(std::string name, std::int64_t launches) {
  return {.source = "CUPTI 13.0 activity",
          .message = "",
          .samples = 8,
          .sample_s = 0.1,
          .gaps_s = 0,
          .f_hz = 1.5e9,
          .kernels = {{.name = std::move(name),
                       .operation = "rms_norm",
                       .launches = launches,
                       .total_s = 0.1,
                       .median_s = 0.1 / static_cast<double>(launches)}}};
}

TEST(ExactChange, NothingChanged) {
  const auto base = counted(10, {{"gemm", 6}, {"norm", 4}});
  EXPECT_TRUE(exact_change(base, base).empty());
  EXPECT_EQ(to_text(exact_change(base, base)), "");
}

TEST(ExactChange, TenMoreNormsAreNamed) {
  const ExactChange change = exact_change(counted(1199, {{"gemm", 1000}, {"norm_kernel", 199}}),
                                          counted(1209, {{"gemm", 1000}, {"norm_kernel", 209}}));
  EXPECT_EQ(to_text(change), "launches 1199 -> 1209: +10 norm_kernel");
}

TEST(ExactChange, AnotherKernelInAsManyLaunchesIsAChange) {
  const ExactChange change = exact_change(counted(10, {{"flash", 4}, {"gemm", 6}}),
                                          counted(10, {{"cudnn", 4}, {"gemm", 6}}));
  EXPECT_EQ(to_text(change), "other kernels in as many launches (10): +4 cudnn, -4 flash");
}

TEST(ExactChange, OnlyTheLargestAreNamed) {
  const ExactChange change =
      exact_change(counted(0, {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}}),
                   counted(20, {{"a", 2}, {"b", 6}, {"c", 4}, {"d", 7}, {"e", 1}}));
  EXPECT_EQ(to_text(change), "launches 0 -> 20: +6 d, +5 b, +3 c and 1 more");
}

TEST(ExactChange, WhereNobodyCountedNothingIsSaid) {
  auto base = counted(10, {{"gemm", 10}}), fresh = base;
  base.launches.reset();
  base.kernels.clear();
  EXPECT_TRUE(exact_change(base, fresh).empty());
}

TEST(ExactChange, ProfilesTellItWhereTheGraphDoesNot) {
  auto base = counted(10, {}), fresh = counted(10, {});
  base.profile = profiled("norm", 10);
  fresh.profile = profiled("norm", 12);
  EXPECT_EQ(to_text(exact_change(base, fresh)), "in the profile launches 10 -> 12: +2 norm");
  fresh.profile->message = "2 records were dropped";
  EXPECT_TRUE(exact_change(base, fresh).empty());
}

} // namespace
} // namespace bench::explain
