#include <bench/compare/roofline.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

namespace bench::compare {
namespace {

results::CaseResult counted_loop() {
  results::CaseResult loop = results::fake_case("zimage/loop/turbo-9/graph/aten", 0.1);
  loop.flop = 5e13;
  loop.reference.matmul_flop_per_s = 1e15;
  loop.profile.emplace().counters = results::Counters{.dram_read_bytes = 3e10,
                                                      .dram_written_bytes = 1e10,
                                                      .l2_hit_rate = 0.6,
                                                      .tensor_utilization = 0.7};
  return loop;
}

results::CaseResult copy_anchor() {
  results::CaseResult anchor = results::fake_case("zimage/anchor/copy", 1e-3);
  anchor.kind = "anchor";
  anchor.bytes = 4e9;
  return anchor;
}

TEST(Roofline, SharesOfTheMeasuredCopyAndProduct) {
  const results::Result result = results::fake_result({counted_loop(), copy_anchor()});
  const auto roof = roofline(result, result.cases[0]);
  ASSERT_TRUE(roof.has_value());
  EXPECT_DOUBLE_EQ(roof->bytes, 4e10);
  EXPECT_NEAR(roof->t_s, 0.1, 1e-4);
  EXPECT_NEAR(roof->memory_share().value(), 0.1, 1e-3); // 0.4 of 4 TB/s
  EXPECT_NEAR(roof->tensor_share().value(), 0.5, 1e-3);
}

TEST(Roofline, NeedsACountedStep) {
  results::Result result = results::fake_result({counted_loop()});
  EXPECT_FALSE(roofline(result, result.cases[0])->memory_share().has_value()) << "no copy";
  result.cases[0].flop = 0;
  EXPECT_FALSE(roofline(result, result.cases[0])->tensor_share().has_value());
  result.cases[0].profile->sample_s = 0.2;
  result.cases[0].replicates.clear();
  EXPECT_DOUBLE_EQ(roofline(result, result.cases[0])->t_s, 0.2) << "of the profile";
  result.cases[0].profile->counters.reset();
  EXPECT_FALSE(roofline(result, result.cases[0]).has_value());
  result.cases[0].profile.reset();
  EXPECT_FALSE(roofline(result, result.cases[0]).has_value());
}

TEST(CopyRate, IsTheAnchorsElseThatOfTheLargestKernel) {
  results::CaseResult small = results::fake_case("zimage/rms_norm/32x3840.bf16/aten", 2e-6),
                      large = results::fake_case("zimage/rms_norm/4128x3840.bf16/aten", 2e-5);
  for (results::CaseResult* c : {&small, &large})
    c->kind = "kernel";
  small.bytes = 5e5;
  small.reference.copy_t_s = 1e-6;
  large.bytes = 6e7;
  large.reference.copy_t_s = 1.5e-5;
  EXPECT_FALSE(copy_rate(results::fake_result({})).has_value());
  EXPECT_DOUBLE_EQ(copy_rate(results::fake_result({large, small})).value(), 4e12);
  EXPECT_NEAR(copy_rate(results::fake_result({large, copy_anchor(), small})).value(), 4e12, 1e9);
  results::CaseResult old = copy_anchor();
  old.bytes = 0; // of a bench that did not store it
  EXPECT_DOUBLE_EQ(copy_rate(results::fake_result({old, small})).value(), 5e11);
}

} // namespace
} // namespace bench::compare
