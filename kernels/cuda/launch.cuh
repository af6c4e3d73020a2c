#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace kernels::cuda {

/// Enqueues `kernel` so that it may be set up while the one before it in the stream still runs
/// (vector.cuh: it must wait for that one before it touches memory). Nothing for no block.
template <typename... Parameters, typename... Arguments>
cudaError_t launch_kernel(void (*kernel)(Parameters...), std::int64_t blocks, int threads,
                          cudaStream_t stream, const Arguments&... arguments) {
  if (blocks == 0)
    return cudaSuccess;
  cudaLaunchAttribute early{};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.stream = stream;
  config.attrs = &early;
  config.numAttrs = 1;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

} // namespace kernels::cuda
