#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace kernels::cuda {

/// When a block lets the next kernel be set up, whose blocks come once all of this one's have and
/// there is room. Known when a kernel is compiled: asked when it runs, it cost long launches 0.1 to
/// 0.4 %.
enum class NextSetUp {
  at_start,     ///< when it begins
  behind_loads, ///< when its first warp has asked for all that it reads
  at_end,       ///< when its first warp has stored its part
};

/// Whether an H200 holds as many threads again beside a launch (with more than 32 registers each it
/// holds fewer). Then blocks that come early are in the way of those that still read. The blocks of
/// larger launches take the places that become free, if they may come by then: at_start is theirs
/// (kernels/README.md, When the next kernel is set up).
inline bool two_fit_side_by_side(dim3 blocks, int threads) {
  return static_cast<std::int64_t>(blocks.x) * threads <= 132 * 1024;
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
