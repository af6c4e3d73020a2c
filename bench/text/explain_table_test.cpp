#include <bench/results/fake_results.h>
#include <bench/text/explain_table.h>

#include <gtest/gtest.h>

namespace bench::text {
namespace {

using results::KernelProfile;
using results::ProfiledKernel;

ProfiledKernel kernel(std::string operation, std::string name, std::int64_t launches,
                      double total_s) {
  return {.name = std::move(name),
          .operation = std::move(operation),
          .grid = {132, 1, 1},
          .launches = launches,
          .total_s = total_s,
          .median_s = total_s / static_cast<double>(launches)};
}

compare::CaseExplanation explained() {
  const KernelProfile before{
      .source = "CUPTI 13.0 activity",
      .samples = 9,
      .sample_s = 0.0901,
      .gaps_s = 0.0001,
      .f_hz = 1.5e9,
      .kernels = {kernel("linear", "nvjet_tst_256x160", 120, 0.08),
                  kernel("attention", "cudnn_sdpa_flash_fprop", 32, 0.008),
                  kernel("rms_norm", "void at::native::norm<float>(int)", 8, 0.002)}};
  KernelProfile now = before;
  now.kernels[1].name = "flash_fwd_kernel";
  now.kernels[1].total_s = 0.0081;
  now.kernels[2].launches = 9;
  now.kernels[2].total_s = 0.00225;
  now.kernels[0].total_s += 1e-9;
  now.sample_s = 0.0901 + 0.0001 + 0.00025 + 1e-9;
  results::CaseResult old_case = results::fake_case("zimage/loop/turbo-9/graph/fused", 0.09),
                      new_case = results::fake_case("zimage/loop/turbo-9/graph/fused", 0.0903);
  old_case.profile.emplace(before);
  new_case.profile.emplace(now);
  const results::Result base = results::fake_result({old_case}),
                        fresh = results::fake_result({new_case});
  return compare::explain_cases(base, base.cases[0], fresh, fresh.cases[0], {});
}

TEST(ExplainTable, WhatMovedMostFirst) {
  EXPECT_EQ(explain_table(explained(), 24, Style(false)),
            R"(zimage/loop/turbo-9/graph/fused
in the profile launches 160 -> 161: -32 cudnn_sdpa_flash_fprop, +32 flash_fwd_kernel, +1 norm<float>
base  90.10 ms a sample under the profiler at 1.500 GHz, CUPTI 13.0 activity
now   90.45 ms a sample under the profiler at 1.500 GHz, CUPTI 13.0 activity
the timed samples do not show how the case follows the SM clock: kernels are compared as they were profiled
the profiles differ by +0.39 %, the timed samples by +0.33 % +- 0.04 %: 0.06 % apart

operation, kernel                                            launches  ms base  ms now   drift  of base
rms_norm                                                       8 -> 9    2.000   2.250  +0.250  +0.28 %
  norm<float>                                 more launches    8 -> 9    2.000   2.250  +0.250  +0.28 %
attention                                                          32    8.000   8.100  +0.100  +0.11 %
  cudnn_sdpa_flash_fprop -> flash_fwd_kernel       replaced        32    8.000   8.100  +0.100  +0.11 %
gaps between kernels                                                                    +0.000  +0.00 %
the profiles                                                            90.100  90.450  +0.350  +0.39 %
1 smaller kernel is in the sums
)");
}

TEST(ExplainTable, BytesOfAStepWhereBothSidesCountedThem) {
  compare::CaseExplanation c = explained();
  EXPECT_EQ(explain_table(c, 24, Style(false)).find("memory"), std::string::npos);
  c.explanation->base_bytes = 1.68e10;
  c.explanation->new_bytes = 1.42e10;
  EXPECT_NE(explain_table(c, 24, Style(false))
                .find("\nmemory 16.80 GB read and written in a step, now 14.20 GB: -15.48 %\n"),
            std::string::npos);
}

TEST(ExplainTable, KernelsPastTheRowsAreCounted) {
  const std::string text = explain_table(explained(), 1, Style(false));
  EXPECT_NE(text.find("norm<float>"), std::string::npos);
  EXPECT_EQ(text.find("-> flash_fwd"), std::string::npos);
  EXPECT_NE(text.find("2 smaller kernels are in the sums\n"), std::string::npos) << text;
}

TEST(ExplainTable, WithoutProfilesItSaysHowToGetThem) {
  const results::Result one = results::fake_result({results::fake_case("a", 0.1)});
  EXPECT_EQ(explain_table(compare::explain_cases(one, one.cases[0], one, one.cases[0], {}), 24,
                          Style(false)),
            "a\nbase has no profile of its kernels; `bench run --profile-kernels` takes one\n");
}

} // namespace
} // namespace bench::text
