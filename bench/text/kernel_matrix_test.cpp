#include <bench/text/kernel_matrix.h>

#include <gtest/gtest.h>

namespace bench::text {
namespace {

results::CaseResult kernel(std::string id, double t_s) {
  results::CaseResult result;
  result.id = std::move(id);
  result.kind = "kernel";
  result.reference.copy_t_s = 16.4e-6;
  results::Replicate replicate;
  replicate.samples = {.start_s = {0, 1, 2},
                       .t_s = {t_s, t_s, 2 * t_s},
                       .f_hz = {2e9, 2e9, 2e9},
                       .loop = {0, 0, 0},
                       .step = {0, 1, 2}};
  result.replicates = {replicate};
  return result;
}

TEST(KernelMatrix, PutsThePathsOfAShapeSideBySide) {
  results::Result result;
  result.cases = {kernel("z/rms_norm/4128x3840.bf16/aten", 22.3e-6),
                  kernel("z/rms_norm/4128x3840.bf16/fused", 16.3e-6),
                  kernel("z/rms_norm/32x3840.bf16/aten", 4.26e-6),
                  kernel("z/rms_norm/32x3840.bf16/fused", 1.36e-6),
                  kernel("z/swiglu/32x10240.bf16/fused", 2e-6),
                  kernel("z/swiglu/32x10240.bf16/fused#launches=0.5%", 2e-6)};
  result.cases[3].status = results::CaseStatus::invalid;
  EXPECT_EQ(kernel_matrix(result, Style(false)),
            "us a launch, share of a copy        aten       fused   best\n"
            "rms_norm/4128x3840.bf16       22.3  74 %  16.3 101 %  fused\n"
            "rms_norm/32x3840.bf16         4.26 385 %           -   aten\n"
            "swiglu/32x10240.bf16                   -  2.00 820 %  fused\n");
}

TEST(KernelMatrix, HasTheDriftOfWhatWasJudged) {
  results::Result result;
  result.cases = {kernel("z/rms_norm/4128x3840.bf16/aten", 22.3e-6),
                  kernel("z/rms_norm/4128x3840.bf16/fused", 16.3e-6)};
  compare::Comparison comparison;
  compare::CaseComparison fused{.id = result.cases[1].id, .kind = "kernel"};
  fused.judgement.emplace().work.estimate = -0.018;
  comparison.cases = {fused, {.id = result.cases[0].id, .kind = "kernel"}};
  EXPECT_EQ(kernel_matrix(result, Style(false), &comparison),
            "us a launch, share of a copy, drift        aten              fused   best\n"
            "rms_norm/4128x3840.bf16              22.3  74 %  16.3 101 % -1.8 %  fused\n");
}

TEST(KernelMatrix, IsLeftOutWhereThereIsNothingToCompare) {
  results::Result result;
  EXPECT_EQ(kernel_matrix(result, Style(false)), "");
  result.cases = {kernel("z/rms_norm/4128x3840.bf16/aten", 22.3e-6)};
  EXPECT_EQ(kernel_matrix(result, Style(false)), "");
}

} // namespace
} // namespace bench::text
