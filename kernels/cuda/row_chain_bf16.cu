#include <kernels/cuda/row_chain_launch.cuh>

namespace kernels::cuda {

cudaError_t launch_bf16(Chain chain, const RowChain& p, bool is_aligned, cudaStream_t stream) {
  return launch_type<__nv_bfloat16>(chain, p, is_aligned, stream);
}

} // namespace kernels::cuda
