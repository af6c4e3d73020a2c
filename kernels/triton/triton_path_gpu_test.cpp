#include <kernels/operator_checks.h>

#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rms_norm.h>

namespace kernels {
namespace {

class TritonPath : public testing::Test {
 protected:
  TritonPath() { at::manual_seed(20962); }
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& w) const {
    return find_path("triton")->operators->rms_norm(x, w, kEps);
  }
  static at::TensorOptions options(c10::ScalarType type) {
    return at::TensorOptions().device(at::kCUDA).dtype(type);
  }
};

TEST_F(TritonPath, AgreesAtEveryWidthClassAndAnyNumberOfRows) {
  const Path& path = *find_path("triton");
  const Family& family = *find_family("rms_norm");
  for (const auto type : kTypes)
    for (const std::int64_t width :
         {16, 48, 64, 80, 128, 256, 512, 1024, 2048, 2560, 3584, 3840, 4096, 6144, 8192})
      for (const std::int64_t rows : {1, 2, 15, 16, 17, 31, 33, 4097}) {
        const Shape shape{rows, 1, width, type};
        expect_agrees(family, path, shape, family.make(shape, at::kCUDA));
      }
}

TEST_F(TritonPath, LeavesToAtenWhatItDoesNotTake) {
  const auto type = options(at::kBFloat16);
  const at::Tensor whole = at::randn({9, 129}, type);
  const std::pair<at::Tensor, at::Tensor> cases[]{
      {at::randn({5, 100}, type), at::randn({100}, type)},     // no multiple of 16
      {at::randn({5, 16384}, type), at::randn({16384}, type)}, // wider than any class
      {whole.narrow(1, 1, 128), at::randn({128}, type)},       // not aligned
      {at::randn({5, 256}, type).slice(1, 0, 256, 2), at::randn({128}, type)}, // not dense
  };
  for (const auto& [x, w] : cases)
    EXPECT_TRUE(at::allclose(rms_norm(x, w).to(at::kFloat),
                             at::rms_norm(x, {x.size(-1)}, w, kEps).to(at::kFloat), 1e-2, 1e-3))
        << x.sizes() << " " << x.strides();
  EXPECT_EQ(rms_norm(at::empty({0, 128}, type), at::ones({128}, type)).sizes(),
            at::IntArrayRef({0, 128}));
}

TEST_F(TritonPath, ReachesRowsBehindTwoGiElements) {
  const std::int64_t rows = (std::int64_t{1} << 24) + 3;
  const at::Tensor x = at::empty({rows, 128}, options(at::kBFloat16)).fill_(2);
  const at::Tensor w = at::ones({128}, options(at::kBFloat16));
  x.narrow(0, rows - 5, 5).copy_(at::randn({5, 128}, options(at::kBFloat16)));
  const at::Tensor tail = x.narrow(0, rows - 5, 5).clone();
  EXPECT_TRUE(at::equal(rms_norm(x, w).narrow(0, rows - 5, 5), rms_norm(tail, w)));
}

} // namespace
} // namespace kernels
