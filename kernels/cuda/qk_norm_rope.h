#pragma once

#include <kernels/cuda/type.h>

#include <cuda_runtime_api.h>

#include <cstdint>

namespace kernels::cuda {

/// RMSNorm of every head of q and k, then pairs of elements turned: one launch, each head read
/// and written once, slices of a packed product taken as they are. Pointers are to device memory;
/// strides in elements; `rotation` [tokens, width / 2] of cosine and sine, or nullptr: not turned.
struct QkNormRope {
  struct Side {
    const void* from = nullptr;
    std::int64_t token_stride = 0;
    std::int64_t head_stride = 0;
    const void* weight = nullptr; ///< [width]
    void* to = nullptr;           ///< may be `from`
    std::int64_t to_token_stride = 0;
    std::int64_t to_head_stride = 0;
  };
  Side q, k;
  const float2* rotation = nullptr;
  std::int64_t tokens = 0;
  int heads = 0;
  float eps = 0;
  bool is_half_split = false; ///< pairs are (i, i + width / 2), else neighbours
};

/// Whether there is a kernel for heads of that width: 64, 128, 256 or 512 bytes.
bool takes_head(Type type, int width);

/// All pointers and strides must be multiples of 16 bytes.
cudaError_t launch(const QkNormRope& p, Type type, int width, cudaStream_t stream);

} // namespace kernels::cuda
