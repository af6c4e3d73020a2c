// FlashInfer's RMSNorm for CUDA (its header norm.cuh) behind a C interface for ctypes.
#include <flashinfer/norm.cuh>

#include <cstdint>

namespace {

template <typename T>
int launch(void* x, void* weight, void* y, std::uint32_t rows, std::uint32_t width, float eps,
           bool pdl, void* stream) {
  return flashinfer::norm::RMSNorm(static_cast<T*>(x), static_cast<T*>(weight), static_cast<T*>(y),
                                   rows, width, width, width, eps, pdl,
                                   static_cast<cudaStream_t>(stream));
}

} // namespace

/// y = x / sqrt(mean(x^2) + eps) * weight of `rows` dense rows; a cudaError_t. type: 0 bf16, 1
/// fp16, 2 fp32. pdl: programmatic dependent launch, as FlashInfer has it on where the GPU can.
extern "C" int flashinfer_rms_norm(int type, void* x, void* weight, void* y, std::uint32_t rows,
                                   std::uint32_t width, float eps, int pdl, void* stream) {
  return type == 0   ? launch<__nv_bfloat16>(x, weight, y, rows, width, eps, pdl, stream)
         : type == 1 ? launch<__half>(x, weight, y, rows, width, eps, pdl, stream)
                     : launch<float>(x, weight, y, rows, width, eps, pdl, stream);
}

extern "C" const char* flashinfer_error(int code) {
  return cudaGetErrorString(static_cast<cudaError_t>(code));
}
