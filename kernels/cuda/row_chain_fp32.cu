#include <kernels/cuda/row_chain_launch.cuh>

namespace kernels::cuda {

cudaError_t launch_fp32(Chain chain, const RowChain& p, bool is_aligned, cudaStream_t stream) {
  return launch_type<float>(chain, p, is_aligned, stream);
}

} // namespace kernels::cuda
