#include <kernels/operator_checks.h>

#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rms_norm.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <limits>

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
  for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
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

TEST_F(TritonPath, IsCapturedIntoAGraphAndRunsOnTheCurrentStream) {
  const at::Tensor x = at::randn({960, 128}, options(at::kBFloat16));
  const at::Tensor w = at::randn({128}, options(at::kBFloat16));
  const at::Tensor eager = rms_norm(x, w).clone(); // also loads the kernel
  c10::cuda::getCurrentCUDAStream().synchronize(); // which the other stream does not wait for
  const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
  at::cuda::CUDAGraph graph;
  graph.capture_begin();
  const at::Tensor y = rms_norm(x, w);
  graph.capture_end();
  y.fill_(std::numeric_limits<float>::quiet_NaN());
  graph.replay();
  EXPECT_TRUE(at::equal(y, eager));
}

TEST_F(TritonPath, KeepsANanInItsRow) {
  at::Tensor x = at::randn({40, 128}, options(at::kBFloat16));
  x[17][5] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor bad = rms_norm(x, at::ones({128}, options(at::kBFloat16))).isnan().any(1);
  EXPECT_TRUE(bad[17].item<bool>());
  EXPECT_EQ(bad.sum().item<std::int64_t>(), 1);
}

} // namespace
} // namespace kernels
