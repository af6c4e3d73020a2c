#include <kernels/operator_checks.h>

#include <array>

namespace kernels {
namespace {

class OperatorsOnCpu : public EveryPath {};

TEST_P(OperatorsOnCpu, AgreeWithTheirFormulasInFp64) {
  for (const Family& family : families())
    for (const auto type : kTypes)
      for (const Shape& shape : {Shape{1, 1, 2, type}, {33, 2, 128, type}, {5, 3, 2560, type}})
        expect_agrees(family, path(), shape, family.make(shape, device()));
}

TEST_P(OperatorsOnCpu, WithoutARotationHeadsAreOnlyNormed) {
  const at::Tensor q = random({5, 2, 16}), k = random({5, 2, 16}), w = random({16});
  for (const auto& [qn, kn] :
       {path().operators->qk_rms_norm_rope(q, k, w, w, {}, kEps),
        path().operators->qk_rms_norm_rope_half_split(q, k, w, w, {}, kEps)}) {
    EXPECT_TRUE(at::equal(qn, rms_norm(q, w)));
    EXPECT_TRUE(at::equal(kn, rms_norm(k, w)));
  }
}

TEST_P(OperatorsOnCpu, ProductsAgreeWithTheirFormulasInFp64) {
  for (const auto type : kTypes)
    for (const auto& [rows, inputs, outputs] : {std::array{1, 8, 8}, {33, 72, 40}, {5, 256, 3}}) {
      const at::Tensor x = random({rows, inputs}, type);
      const auto weight = [&](std::int64_t n) {
        return random({n, inputs}, type) / std::sqrt(inputs);
      };
      expect_linear_gelu_agrees(path(), x, weight(outputs), random({outputs}, type));
      expect_linear_swiglu_agrees(path(), x, weight(2 * outputs));
    }
}

const auto kPaths = testing::ValuesIn(paths_on(c10::DeviceType::CPU));

} // namespace

INSTANTIATE_TEST_SUITE_P(OnCpu, EveryPath, kPaths, name_of_path);
INSTANTIATE_TEST_SUITE_P(Paths, OperatorsOnCpu, kPaths, name_of_path);

namespace {

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
