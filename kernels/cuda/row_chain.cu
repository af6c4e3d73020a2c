#include <kernels/cuda/row_chain_launch.cuh>

namespace kernels::cuda {

bool takes(Type type, int width, bool is_aligned) {
  return width >= 1 && width <= (is_aligned && type != Type::fp32 ? 16384 : 8192);
}

cudaError_t launch(Chain chain, Type type, const RowChain& rows, bool is_aligned,
                   cudaStream_t stream) {
  switch (type) {
  case Type::bf16:
    return launch_bf16(chain, rows, is_aligned, stream);
  case Type::fp16:
    return launch_fp16(chain, rows, is_aligned, stream);
  case Type::fp32:
    return launch_fp32(chain, rows, is_aligned, stream);
  }
  return cudaErrorInvalidValue;
}

} // namespace kernels::cuda
