#include <kernels/reference/accuracy.h>
#include <kernels/reference/rms_norm.h>
#include <kernels/rms_norm.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>

#include <gtest/gtest.h>

namespace kernels {
namespace {

constexpr double kEps = 1e-5;

class RmsNormPathTest : public testing::TestWithParam<std::string_view> {
 protected:
  RmsNorm run() const { return find_rms_norm_path(GetParam())->run; }
};

at::Tensor weight(std::int64_t width, at::ScalarType type) {
  return (at::randn({width}) * 0.1 + 1).to(type);
}

TEST_P(RmsNormPathTest, AgreesWithTheFormulaInFp64) {
  for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
    for (const auto& [rows, width] : {std::pair{1, 1}, {3, 7}, {33, 128}, {5, 2560}, {17, 3840}})
      for (const double scale : {1e-2, 1.0, 100.0}) {
        const at::Tensor x = (at::randn({rows, width}) * scale).to(type);
        const at::Tensor w = weight(width, type);
        const at::Tensor y = run()(x, w, kEps);
        EXPECT_EQ(y.scalar_type(), type);
        EXPECT_TRUE(y.is_contiguous());
        const auto a = reference::accuracy(y, reference::rms_norm(x, w, kEps));
        EXPECT_TRUE(a.finite);
        // Two roundings are 1.5 ulp at most beside a power of two; fp32 adds the sum's own error.
        EXPECT_LE(a.max_ulp, type == at::kFloat ? 16 : 1.6)
            << rows << "x" << width << " " << c10::toString(type) << " scale " << scale;
      }
}

TEST_P(RmsNormPathTest, TakesSlicesOfAPackedTensor) {
  const at::Tensor packed = at::randn({40, 3 * 4 * 128}).to(at::kBFloat16);
  const at::Tensor q = packed.narrow(1, 512, 512).view({40, 4, 128});
  const at::Tensor w = weight(128, at::kBFloat16);
  EXPECT_TRUE(at::equal(run()(q, w, kEps), run()(q.contiguous(), w, kEps)));
}

TEST_P(RmsNormPathTest, AllZeroRowsStayZero) {
  const at::Tensor y = run()(at::randn({2, 64}) * 0, at::ones({64}), kEps);
  EXPECT_EQ(y.abs().max().item<float>(), 0);
}

TEST_P(RmsNormPathTest, ANanStaysInItsRow) {
  at::Tensor x = at::randn({3, 64});
  x[1][5] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor bad = run()(x, at::ones({64}), kEps).isnan().any(1);
  EXPECT_FALSE(bad[0].item<bool>());
  EXPECT_TRUE(bad[1].item<bool>());
  EXPECT_FALSE(bad[2].item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Paths, RmsNormPathTest, testing::Values("aten", "decomposed"),
                         [](const auto& info) { return std::string(info.param); });

TEST(RmsNormRegistry, EveryPathIsTestedAbove) {
  std::vector<std::string_view> names;
  for (const RmsNormPath& path : rms_norm_paths())
    names.push_back(path.name);
  EXPECT_EQ(names, (std::vector<std::string_view>{"aten", "decomposed"}));
  EXPECT_EQ(find_rms_norm_path("no such path"), nullptr);
}

TEST(RmsNormRegistry, ModelsTheLeastTraffic) {
  EXPECT_DOUBLE_EQ(rms_norm_bytes(4128, 3840, 2), 2 * 4128 * 3840 * 2 + 3840 * 2);
  EXPECT_DOUBLE_EQ(rms_norm_flop(2, 3), 24);
}

} // namespace
} // namespace kernels
