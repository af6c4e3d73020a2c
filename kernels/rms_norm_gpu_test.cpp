#include <kernels/reference/accuracy.h>
#include <kernels/reference/rms_norm.h>
#include <kernels/rms_norm.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>

#include <gtest/gtest.h>

namespace kernels {
namespace {

constexpr double kEps = 1e-5;

at::TensorOptions on_gpu(at::ScalarType type) {
  return at::TensorOptions().device(at::kCUDA).dtype(type);
}

TEST(RmsNormOnGpu, EveryPathAgreesWithTheFormulaInFp64) {
  for (const RmsNormPath& path : rms_norm_paths())
    for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
      for (const auto& [rows, width] :
           {std::pair{1, 128}, {33, 128}, {7, 2560}, {129, 3840}, {960, 128}}) {
        const at::Tensor x = at::randn({rows, width}, on_gpu(type));
        const at::Tensor w = (at::randn({width}, on_gpu(at::kFloat)) * 0.1 + 1).to(type);
        const auto a = reference::accuracy(path.run(x, w, kEps), reference::rms_norm(x, w, kEps));
        EXPECT_TRUE(a.finite);
        EXPECT_LE(a.max_ulp, type == at::kFloat ? 16 : 1.6)
            << path.name << " " << rows << "x" << width;
      }
}

TEST(RmsNormOnGpu, SlicesOfAPackedTensorAreTakenAsTheyAre) {
  const at::Tensor packed = at::randn({64, 3, 4, 128}, on_gpu(at::kBFloat16));
  const at::Tensor w = at::randn({128}, on_gpu(at::kBFloat16));
  for (const RmsNormPath& path : rms_norm_paths()) {
    const at::Tensor k = packed.select(1, 1);
    EXPECT_TRUE(at::equal(path.run(k, w, kEps), path.run(k.contiguous(), w, kEps))) << path.name;
  }
}

} // namespace
} // namespace kernels
