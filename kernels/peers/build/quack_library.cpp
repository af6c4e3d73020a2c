// QuACK's RMSNorm, compiled ahead of time (quack_objects.py), behind a C interface for ctypes. The
// kernels are called by the tvm-ffi convention that the CuTe DSL exported them with, on the stream
// that tvm-ffi is told here.
#include <tvm/ffi/c_api.h>
#include <tvm/ffi/extra/c_env_api.h>

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>

#define QUACK_KERNEL(symbol, width, dtype, heuristic, config)                                      \
  extern "C" int __tvm_ffi_##symbol(void*, const TVMFFIAny*, std::int32_t, TVMFFIAny*);
#include "quack_kernels.inc"
#undef QUACK_KERNEL

namespace {

struct Kernel {
  std::int64_t width;
  std::string_view dtype; ///< bf16, fp16 or fp32
  bool heuristic;
  const char* config;
  TVMFFISafeCallType call;
};

const Kernel kKernels[] = {
#define QUACK_KERNEL(symbol, width, dtype, heuristic, config)                                      \
  {width, dtype, heuristic, config, __tvm_ffi_##symbol},
#include "quack_kernels.inc"
#undef QUACK_KERNEL
};

std::string last_error;

int keep_error() {
  TVMFFIObjectHandle raised = nullptr;
  TVMFFIErrorMoveFromRaised(&raised);
  last_error = "no message";
  if (raised) {
    const TVMFFIErrorCell* cell = TVMFFIErrorGetCellPtr(raised);
    last_error.assign(cell->message.data, cell->message.size);
    TVMFFIObjectDecRef(raised);
  }
  return -1;
}

TVMFFIAny none() {
  TVMFFIAny any{};
  any.type_index = kTVMFFINone;
  return any;
}

TVMFFIAny tensor(DLTensor& tensor) {
  TVMFFIAny any{};
  any.type_index = kTVMFFIDLTensorPtr;
  any.v_ptr = &tensor;
  return any;
}

} // namespace

// The exported kernels report through this function of the CuTe DSL's runtime, a library of 43 MB
// of which they need nothing else.
extern "C" void CuteDSLRT_TVMFFISetRaisedCudaError(void (*set_error)(const char*, const char**,
                                                                     std::int32_t),
                                                   std::int32_t code) {
  char text[64];
  std::snprintf(text, sizeof text, "CUDA error %d", code);
  const char* parts[] = {text};
  set_error("CUDADialectError", parts, 1);
}

extern "C" {

int quack_kernels() {
  return static_cast<int>(std::size(kKernels));
}

const char* quack_error() {
  return last_error.c_str();
}

/// What kernel `index` was compiled for.
const char* quack_describe(int index, std::int64_t* width, const char** dtype, int* heuristic) {
  const Kernel& kernel = kKernels[index];
  *width = kernel.width;
  *dtype = kernel.dtype.data();
  *heuristic = kernel.heuristic;
  return kernel.config;
}

/// y = x / sqrt(mean(x^2) + eps) * weight of `rows` dense rows; 0, or -1 and quack_error() says
/// why.
int quack_rms_norm(int index, void* x, void* weight, void* y, std::int64_t rows, double eps,
                   int device, void* stream) {
  const Kernel& kernel = kKernels[index];
  const DLDevice where{kDLCUDA, device};
  const DLDataType type{static_cast<std::uint8_t>(kernel.dtype == "bf16" ? kDLBfloat : kDLFloat),
                        static_cast<std::uint8_t>(kernel.dtype == "fp32" ? 32 : 16), 1};
  std::int64_t shape[] = {rows, kernel.width};
  std::int64_t strides[] = {kernel.width, 1};
  DLTensor in{x, where, 2, type, shape, strides, 0};
  DLTensor scale{weight, where, 1, type, shape + 1, strides + 1, 0};
  DLTensor out{y, where, 2, type, shape, strides, 0};
  TVMFFIAny epsilon{};
  epsilon.type_index = kTVMFFIFloat;
  epsilon.v_float64 = eps;
  // x, weight, bias, residual, out, residual_out, rstd, mean, eps
  const TVMFFIAny arguments[] = {tensor(in), tensor(scale), none(), none(), tensor(out),
                                 none(),     none(),        none(), epsilon};
  if (TVMFFIEnvSetStream(kDLCUDA, device, stream, nullptr) != 0)
    return keep_error();
  TVMFFIAny result = none();
  return kernel.call(nullptr, arguments, static_cast<std::int32_t>(std::size(arguments)), &result)
             ? keep_error()
             : 0;
}

} // extern "C"
