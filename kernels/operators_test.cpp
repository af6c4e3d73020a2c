#include <kernels/operator_checks.h>

#include <ATen/Context.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>

#include <array>
#include <cmath>
#include <limits>

namespace kernels {
namespace {

class PathTest : public testing::TestWithParam<std::string> {
 protected:
  PathTest() { at::manual_seed(20962); }
  const Path& path() const { return *find_path(GetParam()); }
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight) const {
    return path().operators->rms_norm(x, weight, kEps);
  }
};

at::Tensor weight(std::int64_t width, at::ScalarType type) {
  return (at::randn({width}) * 0.1 + 1).to(type);
}

TEST_P(PathTest, EveryOperatorAgreesWithItsFormulaInFp64) {
  for (const Family& family : families())
    for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
      for (const Shape& shape : {Shape{1, 1, 2, type}, {33, 2, 128, type}, {5, 3, 2560, type}})
        expect_agrees(family, path(), shape, family.make(shape, at::kCPU));
}

TEST_P(PathTest, RmsNormIsRoundedTwiceAtMost) {
  for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
    for (const auto& [rows, width] : {std::pair{1, 1}, {3, 7}, {33, 128}, {5, 2560}, {17, 3840}})
      for (const double scale : {1e-2, 1.0, 100.0}) {
        const Inputs in{.activations = {(at::randn({rows, width}) * scale).to(type)},
                        .parameters = {weight(width, type)}};
        const Family& family = *find_family("rms_norm");
        const auto a =
            reference::accuracy(family.run(*path().operators, in)[0], family.exact(in)[0]);
        EXPECT_TRUE(a.finite);
        // Two roundings are 1.5 ulp at most beside a power of two; fp32 adds the sum's own error.
        EXPECT_LE(a.max_ulp, type == at::kFloat ? 16 : 1.6)
            << rows << "x" << width << " " << c10::toString(type) << " scale " << scale;
      }
}

TEST_P(PathTest, TakesSlicesOfAPackedTensor) {
  const at::Tensor packed = at::randn({40, 3 * 4 * 128}).to(at::kBFloat16);
  const at::Tensor q = packed.narrow(1, 512, 512).view({40, 4, 128});
  const at::Tensor w = weight(128, at::kBFloat16);
  EXPECT_TRUE(at::equal(rms_norm(q, w), rms_norm(q.contiguous(), w)));
}

TEST_P(PathTest, AllZeroRowsStayZero) {
  const at::Tensor y = rms_norm(at::randn({2, 64}) * 0, at::ones({64}));
  EXPECT_EQ(y.abs().max().item<float>(), 0);
}

TEST_P(PathTest, ANanStaysInItsRow) {
  at::Tensor x = at::randn({3, 64});
  x[1][5] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor bad = rms_norm(x, at::ones({64})).isnan().any(1);
  EXPECT_FALSE(bad[0].item<bool>());
  EXPECT_TRUE(bad[1].item<bool>());
  EXPECT_FALSE(bad[2].item<bool>());
}

TEST_P(PathTest, WithoutARotationHeadsAreOnlyNormed) {
  const at::Tensor q = at::randn({5, 2, 16}), k = at::randn({5, 2, 16}), w = weight(16, at::kFloat);
  for (const auto& [qn, kn] :
       {path().operators->qk_rms_norm_rope(q, k, w, w, {}, kEps),
        path().operators->qk_rms_norm_rope_half_split(q, k, w, w, {}, kEps)}) {
    EXPECT_TRUE(at::equal(qn, rms_norm(q, w)));
    EXPECT_TRUE(at::equal(kn, rms_norm(k, w)));
  }
}

TEST_P(PathTest, HeadsOfAPackedProductAreOverwrittenInPlace) {
  const Family& family = *find_family("qk_rms_norm_rope");
  const Inputs in = family.make({6, 2, 32, at::kBFloat16}, at::kCPU);
  const at::Tensor joint = at::randn({10, 3, 2, 32}).to(at::kBFloat16), before = joint.clone();
  const at::Tensor stream = joint.narrow(0, 4, 6);
  stream.copy_(in.activations[0]);
  path().operators->qk_rms_norm_rope_in_place(stream.select(1, 0), stream.select(1, 1),
                                              in.parameters[0], in.parameters[1], in.parameters[2],
                                              kEps);
  const auto expected = family.run(*path().operators, in);
  EXPECT_TRUE(at::equal(stream.select(1, 0), expected[0]));
  EXPECT_TRUE(at::equal(stream.select(1, 1), expected[1]));
  EXPECT_TRUE(at::equal(stream.select(1, 2), in.activations[0].select(1, 2)));
  EXPECT_TRUE(at::equal(joint.narrow(0, 0, 4), before.narrow(0, 0, 4)));
}

TEST_P(PathTest, AProductWithGeluAgreesWithItsFormulaInFp64) {
  for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
    for (const auto& [rows, inputs, outputs] : {std::array{1, 8, 8}, {33, 72, 40}, {5, 256, 3}})
      expect_linear_gelu_agrees(path(), at::randn({rows, inputs}).to(type),
                                (at::randn({outputs, inputs}) / std::sqrt(inputs)).to(type),
                                at::randn({outputs}).to(type));
}

TEST_P(PathTest, AProductWithSwigluAgreesWithItsFormulaInFp64) {
  for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
    for (const auto& [rows, inputs, half] : {std::array{1, 8, 8}, {33, 72, 40}, {5, 256, 3}})
      expect_linear_swiglu_agrees(path(), at::randn({rows, inputs}).to(type),
                                  (at::randn({2 * half, inputs}) / std::sqrt(inputs)).to(type));
}

std::vector<std::string> paths_of_the_cpu() {
  std::vector<std::string> names;
  for (const Path& path : paths())
    if (path.runs_on(c10::DeviceType::CPU) && !path.is_floor)
      names.push_back(path.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Paths, PathTest, testing::ValuesIn(paths_of_the_cpu()),
                         [](const auto& info) { return info.param; });

TEST(Families, ModelTheLeastTraffic) {
  const Shape shape{4128, 1, 3840, at::kBFloat16};
  EXPECT_DOUBLE_EQ(bytes(*find_family("rms_norm"), shape), 2 * 4128 * 3840 * 2 + 3840 * 2);
  EXPECT_DOUBLE_EQ(flop(*find_family("rms_norm"), {2, 1, 3}), 24);
  const Shape heads{4128, 30, 128, at::kBFloat16};
  EXPECT_DOUBLE_EQ(bytes(*find_family("qk_rms_norm_rope"), heads),
                   4.0 * 4128 * 3840 * 2 + 2 * 128 * 2 + 4128 * 64 * 8);
}

TEST(Families, NamesAreUnique) {
  for (const Family& family : families())
    EXPECT_EQ(find_family(family.name), &family);
  for (const Path& path : paths())
    EXPECT_EQ(find_path(path.name), &path);
  EXPECT_EQ(find_family("no such family"), nullptr);
  EXPECT_EQ(find_path("no such path"), nullptr);
}

} // namespace
} // namespace kernels
