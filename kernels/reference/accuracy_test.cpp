#include <kernels/reference/accuracy.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kernels::reference {
namespace {

TEST(Accuracy, ACorrectlyRoundedOutputIsWithinHalfAnUlp) {
  const at::Tensor exact = at::tensor({1.0, 1.0 / 3, 1e-30, 700.3}, at::kDouble);
  for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat}) {
    const Accuracy a = accuracy(exact.to(type), exact);
    EXPECT_TRUE(a.finite);
    EXPECT_LE(a.max_ulp, 0.5);
    EXPECT_GT(a.max_ulp, 0);
    EXPECT_EQ(a.exact_share, 1);
  }
}

TEST(Accuracy, CountsUlpsAtTheResultsOwnExponent) {
  // bf16 has 8 significant bits: neighbours of 1.0 are 2^-7 apart, those of 256 are 2 apart.
  EXPECT_DOUBLE_EQ(accuracy(at::tensor({1.0 + 3.0 / 128}, at::kDouble).to(at::kBFloat16),
                            at::tensor({1.0}, at::kDouble))
                       .max_ulp,
                   3);
  EXPECT_DOUBLE_EQ(accuracy(at::tensor({1.0, 1.0078125, 4.0, 7.0}, at::kFloat),
                            at::tensor({1.0, 1.0, 4.0, 7.0}, at::kDouble))
                       .exact_share,
                   0.75);
  const Accuracy far = accuracy(at::tensor({260.0}, at::kDouble).to(at::kBFloat16),
                                at::tensor({256.0}, at::kDouble));
  EXPECT_DOUBLE_EQ(far.max_ulp, 2);
  EXPECT_DOUBLE_EQ(far.max_abs_error, 4);
}

TEST(Accuracy, ANonFiniteOutputOfAFiniteResultIsSaid) {
  const at::Tensor exact = at::full({3}, 2.0, at::kDouble);
  at::Tensor output = at::full({3}, 2.0, at::kFloat);
  output[1] = std::numeric_limits<float>::quiet_NaN();
  const Accuracy a = accuracy(output, exact);
  EXPECT_FALSE(a.finite);
  EXPECT_TRUE(std::isinf(a.max_abs_error));
}

TEST(Accuracy, WhereTheResultItselfIsNotFiniteNothingIsHeldAgainstTheOutput) {
  const double inf = std::numeric_limits<double>::infinity();
  const Accuracy a =
      accuracy(at::tensor({inf, 1.0}, at::kFloat), at::tensor({inf, 1.0}, at::kDouble));
  EXPECT_TRUE(a.finite);
  EXPECT_DOUBLE_EQ(a.max_abs_error, 0);
}

} // namespace
} // namespace kernels::reference
