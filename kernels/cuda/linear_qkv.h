#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace kernels::cuda {

/// to[row] = x[row] weight^T + bias in bf16, 3 * heads heads of 128 elements; of the first 2 *
/// heads, q's and k's, each is divided by its root mean square, multiplied by q_weight or k_weight
/// [128] and, its pairs of neighbours, turned by rotation [rows, 64]. The product itself is never
/// written, and never rounded.
struct LinearQkv {
  const void* x = nullptr; ///< rows of `inputs` elements, `row_stride` elements apart
  std::int64_t row_stride = 0;
  const void* weight = nullptr; ///< dense [3 * heads * 128, inputs]
  const void* bias = nullptr;   ///< [3 * heads * 128], or none
  const void* q_weight = nullptr;
  const void* k_weight = nullptr;
  const float2* rotation = nullptr; ///< unit complex numbers, or none
  void* to = nullptr;               ///< dense [rows, 3 * heads * 128]
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  int heads = 0;
  float eps = 0;
};

/// Pointers, row_stride and inputs must be multiples of 16 bytes; needs compute capability 9.0.
cudaError_t launch(const LinearQkv& p, cudaStream_t stream);

} // namespace kernels::cuda
