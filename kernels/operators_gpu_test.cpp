#include <kernels/operator_checks.h>

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>

namespace kernels {
namespace {

TEST(OperatorsOnGpu, EveryPathAgreesWithTheFormulasInFp64) {
  for (const Path& path : paths())
    for (const Family& family : families())
      for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
        for (const Shape& shape : {Shape{1, 1, 128, type},
                                   {33, 2, 128, type},
                                   {7, 1, 2560, type},
                                   {129, 1, 3840, type},
                                   {960, 1, 128, type}})
          expect_agrees(family, path, shape, family.make(shape, at::kCUDA));
}

TEST(OperatorsOnGpu, SlicesOfAPackedTensorAreTakenAsTheyAre) {
  const auto options = at::TensorOptions().device(at::kCUDA).dtype(at::kBFloat16);
  const at::Tensor packed = at::randn({64, 3, 4, 128}, options), w = at::randn({128}, options);
  for (const Path& path : paths()) {
    const at::Tensor k = packed.select(1, 1);
    EXPECT_TRUE(at::equal(path.operators->rms_norm(k, w, kEps),
                          path.operators->rms_norm(k.contiguous(), w, kEps)))
        << path.name;
  }
}

} // namespace
} // namespace kernels
