#pragma once

#include <cuda_runtime.h>

namespace kernels::cuda {

/// When a kernel may be set up.
enum class SetUp {
  early,   ///< while the one before it in the stream still runs
  in_turn, ///< behind that: 0.02 to 0.15 us less where the whole launch is a microsecond or two
};

/// Enqueues `kernel`. One that is set up early must wait for the one before it before it touches
/// memory (vector.cuh). Nothing for no block.
template <typename... Parameters, typename... Arguments>
cudaError_t launch_kernel(SetUp set_up, void (*kernel)(Parameters...), dim3 blocks, int threads,
                          cudaStream_t stream, const Arguments&... arguments) {
  if (blocks.x == 0)
    return cudaSuccess;
  cudaLaunchAttribute serialization{};
  serialization.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  serialization.val.programmaticStreamSerializationAllowed = set_up == SetUp::early;
  cudaLaunchConfig_t config{};
  config.gridDim = blocks;
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.stream = stream;
  config.attrs = &serialization;
  config.numAttrs = 1;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

} // namespace kernels::cuda
