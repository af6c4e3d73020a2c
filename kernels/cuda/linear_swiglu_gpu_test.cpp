#include <kernels/operator_checks.h>

#include <ATen/Context.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <array>
#include <cmath>
#include <limits>

namespace kernels {
namespace {

class LinearSwiglu : public testing::Test {
 protected:
  LinearSwiglu() { at::manual_seed(20962); }

  static at::TensorOptions options(at::ScalarType type = at::kBFloat16) {
    return at::TensorOptions().device(at::kCUDA).dtype(type);
  }
  static at::Tensor x(std::int64_t rows, std::int64_t inputs, at::ScalarType type = at::kBFloat16) {
    return at::randn({rows, inputs}, options(type));
  }
  static at::Tensor weight(std::int64_t half, std::int64_t inputs,
                           at::ScalarType type = at::kBFloat16) {
    return at::randn({2 * half, inputs}, options(type)) / std::sqrt(inputs);
  }
  static const Operators& products() { return *find_path("fused")->operators; }
};

// Tiles are 128 rows x 128 outputs x 64 inputs, two below each other at a time, of a last odd row
// of tiles two side by side; up to 9 such pairs of rows a group.
constexpr std::array<std::array<std::int64_t, 3>, 15> kRowsInputsHalves{{{1024, 64, 128},
                                                                         {1025, 64, 128},
                                                                         {1100, 72, 8},
                                                                         {1151, 8, 256},
                                                                         {1153, 1000, 136},
                                                                         {1280, 320, 392},
                                                                         {1300, 200, 1000},
                                                                         {2049, 3840, 520},
                                                                         {2177, 128, 384},
                                                                         {2500, 72, 1288},
                                                                         {5000, 136, 264},
                                                                         {4128, 3840, 10240},
                                                                         {4608, 3072, 9216},
                                                                         {32, 3840, 512},
                                                                         {7, 24, 40}}};

TEST_F(LinearSwiglu, AgreesWithItsFormulaInFp64OnEveryPath) {
  for (const Path& path : paths()) {
    if (!path.runs_on(c10::DeviceType::CUDA) || path.is_floor)
      continue;
    for (const auto& [rows, inputs, half] : kRowsInputsHalves)
      expect_linear_swiglu_agrees(path, x(rows, inputs), weight(half, inputs));
    for (const auto type : {at::kHalf, at::kFloat})
      expect_linear_swiglu_agrees(path, x(1100, 128, type), weight(40, 128, type));
  }
}

TEST_F(LinearSwiglu, RoundsOnce) {
  for (const auto& [rows, inputs, half] : kRowsInputsHalves) {
    if (rows < 1024)
      continue; // cuBLAS's
    const at::Tensor a = x(rows, inputs), b = weight(half, inputs);
    const at::Tensor exact =
        reference::swiglu(at::matmul(a.to(at::kDouble), b.to(at::kDouble).t()));
    const at::Tensor error =
        (products().linear_swiglu(a, b).to(at::kDouble) - exact).abs() / (exact.abs() + 1);
    EXPECT_LE(error.max().item<double>(), 1.05 * unit_roundoff(at::kBFloat16))
        << rows << "x" << inputs << " to " << half;
  }
}

TEST_F(LinearSwiglu, IsTheSameEveryTime) {
  const at::Tensor a = x(4128, 1024), b = weight(2048, 1024),
                   first = products().linear_swiglu(a, b);
  const NanMemory memory;
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(at::equal(products().linear_swiglu(a, b), first)) << i;
}

TEST_F(LinearSwiglu, TakesRowsOfAWiderTensorAndUnalignedOnes) {
  const at::Tensor b = weight(136, 200);
  for (const std::int64_t first : {0, 8, 3}) { // the last is not at a multiple of 16 bytes
    const at::Tensor part = x(1200, 256).narrow(1, first, 200);
    expect_linear_swiglu_agrees(*find_path("fused"), part, b);
  }
}

TEST_F(LinearSwiglu, ANanStaysInItsRow) {
  for (const std::int64_t row : {300, 1037}) { // of tiles below each other, of the last odd ones
    at::Tensor a = x(1100, 128);
    a[row][5] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor bad = products().linear_swiglu(a, weight(256, 128)).isnan();
    EXPECT_EQ(bad[row].sum().item<std::int64_t>(), 256);
    EXPECT_EQ(bad.sum().item<std::int64_t>(), 256);
  }
}

TEST_F(LinearSwiglu, LargeNumbersNeitherOverflowNorVanish) {
  const at::Tensor a = x(1024, 64) * 1000, b = weight(128, 64);
  const at::Tensor exact = reference::swiglu(at::matmul(a.to(at::kDouble), b.to(at::kDouble).t()));
  const at::Tensor error =
      (products().linear_swiglu(a, b).to(at::kDouble) - exact).abs() / (exact.abs() + 1);
  EXPECT_LE(error.max().item<double>(), 2 * unit_roundoff(at::kBFloat16));
}

TEST_F(LinearSwiglu, RunsInACudaGraph) {
  const at::Tensor a = x(1300, 256), b = weight(264, 256),
                   expected = products().linear_swiglu(a, b);
  const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  c10::cuda::getCurrentCUDAStream().synchronize();
  const c10::cuda::CUDAStreamGuard guard(stream);
  at::cuda::CUDAGraph graph;
  graph.capture_begin();
  const at::Tensor out = products().linear_swiglu(a, b);
  graph.capture_end();
  graph.replay();
  EXPECT_TRUE(at::equal(out, expected));
  a.mul_(-1);
  graph.replay();
  EXPECT_TRUE(at::equal(out, products().linear_swiglu(a, b)));
}

} // namespace
} // namespace kernels
