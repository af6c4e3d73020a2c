#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace kernels::cuda {

/// to[row, i] = silu(x[row] . weight[i]) * (x[row] . weight[half + i]) in bf16: `x` rows of
/// `inputs` elements, `row_stride` elements apart; `weight` dense [2 * half, inputs]; `to` dense
/// [rows, half]. The packed product is never written, and never rounded.
struct LinearSwiglu {
  const void* x = nullptr;
  std::int64_t row_stride = 0;
  const void* weight = nullptr;
  void* to = nullptr;
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  std::int64_t half = 0;
};

/// Pointers, row_stride, inputs and half must be multiples of 16 bytes; needs compute capability
/// 9.0.
cudaError_t launch(const LinearSwiglu& p, cudaStream_t stream);

} // namespace kernels::cuda
