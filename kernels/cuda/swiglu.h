#pragma once

#include <kernels/cuda/type.h>

#include <cuda_runtime_api.h>

#include <cstdint>

namespace kernels::cuda {

/// to[row, i] = silu(packed[row, i]) * packed[row, half + i]: `packed` rows of 2 * half elements,
/// `row_stride` elements apart; `to` dense [rows, half].
struct Swiglu {
  const void* packed = nullptr;
  std::int64_t row_stride = 0;
  void* to = nullptr;
  std::int64_t rows = 0;
  std::int64_t half = 0;
};

/// `is_aligned`: pointers, half and stride are multiples of 16 bytes.
cudaError_t launch(const Swiglu& p, Type type, bool is_aligned, cudaStream_t stream);

} // namespace kernels::cuda
