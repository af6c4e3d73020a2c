#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace kernels::cuda {

/// When a block lets the next kernel be set up, whose blocks come once all of this one's have and
/// there is room.
enum class NextSetUp {
  at_start, ///< when it begins
  at_end,   ///< when its first warp has stored its part
};

/// So many threads are half of what an H200 holds; with more than 32 registers each it holds fewer.
inline constexpr std::int64_t kHalfOfGpu = 132 * 1024;

/// Where two launches fit side by side, blocks that come early are in the way of those that still
/// read. The blocks of larger launches take the places that become free, if they may come by then
/// (kernels/README.md, When the next kernel is set up).
inline NextSetUp next_set_up(dim3 blocks, int threads) {
  const std::int64_t of_grid = static_cast<std::int64_t>(blocks.x) * blocks.y * threads;
  return of_grid <= kHalfOfGpu ? NextSetUp::at_end : NextSetUp::at_start;
}

/// Enqueues `kernel`, which may be set up while the one before it in the stream still runs, and so
/// must wait_for_previous_kernel() before it touches memory. Nothing for no block.
template <typename... Parameters, typename... Arguments>
cudaError_t launch_kernel(void (*kernel)(Parameters...), dim3 blocks, int threads,
                          cudaStream_t stream, const Arguments&... arguments) {
  if (blocks.x == 0)
    return cudaSuccess;
  cudaLaunchAttribute serialization{};
  serialization.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  serialization.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = blocks;
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.stream = stream;
  config.attrs = &serialization;
  config.numAttrs = 1;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

} // namespace kernels::cuda
