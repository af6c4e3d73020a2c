#include <bench/device/libraries.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/SDPBackend.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_fused_sdp_choice.h>
#include <ATen/ops/randn.h>
#include <torch/headeronly/version.h>

#ifdef BENCH_CUDA
#include <bench/base/bind_symbol.h>

#include <ATen/detail/CUDAHooksInterface.h>

#include <cuda_runtime.h>
#endif

#include <cstddef>
#include <cstdlib>

namespace bench::device {
namespace {

std::string attention_choice(Device& device) {
  const auto options = at::TensorOptions().device(device.torch_device()).dtype(at::kBFloat16);
  const at::Tensor q = at::randn({1, 2, 256, 128}, options);
  switch (static_cast<at::SDPBackend>(at::_fused_sdp_choice(q, q, q))) {
  case at::SDPBackend::flash_attention:
    return "flash";
  case at::SDPBackend::efficient_attention:
    return "efficient";
  case at::SDPBackend::cudnn_attention:
    return "cudnn";
  case at::SDPBackend::math:
    return "math";
  default:
    return "other";
  }
}

#ifdef BENCH_CUDA
std::string on_off(bool on) {
  return on ? "on" : "off";
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "unset";
}

/// 13000 -> "13.0"
std::string cuda_version(long number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

/// Of the library that torch has loaded: most of a step is its matrix products, which choose their
/// kernels by what a version of it knows. Asked by name, since nothing else here needs its headers.
void add_cublaslt(std::map<std::string, std::string>& libraries) {
  std::size_t (*version)() = nullptr;
  bind_symbol(RTLD_DEFAULT, version, "cublasLtGetVersion");
  if (version)
    libraries["cublaslt"] = std::to_string(version());
}

void add_cuda_facts(Facts& facts) {
  auto& libraries = facts["libraries"];
  auto& settings = facts["settings"];
  int number = 0;
  if (cudaRuntimeGetVersion(&number) == cudaSuccess)
    libraries["cuda_runtime"] = cuda_version(number);
  if (cudaDriverGetVersion(&number) == cudaSuccess)
    libraries["cuda_driver"] = cuda_version(number);
  add_cublaslt(libraries);
  libraries["cudnn"] = std::to_string(at::detail::getCUDAHooks().versionRuntimeCuDNN());
  auto& context = at::globalContext();
  settings["tf32_matmul"] = on_off(context.allowTF32CuBLAS());
  settings["tf32_cudnn"] = on_off(context.allowTF32CuDNN());
  settings["cudnn_benchmark"] = on_off(context.benchmarkCuDNN());
  settings["deterministic"] = on_off(context.deterministicAlgorithms());
  for (const char* name :
       {"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", "CUBLAS_WORKSPACE_CONFIG",
        "CUBLASLT_WORKSPACE_SIZE", "CUDA_MODULE_LOADING", "NVIDIA_TF32_OVERRIDE",
        "TORCH_CUDNN_SDPA_DEPRIORITIZED"})
    settings[name] = environment(name);
}
#endif

} // namespace

Facts library_facts(Device& device) {
  Facts facts;
  facts["libraries"]["torch"] = TORCH_VERSION;
  facts["settings"]["attention"] = attention_choice(device);
  facts["settings"]["threads"] = std::to_string(at::get_num_threads());
#ifdef BENCH_CUDA
  if (device.kind() == scenario::DeviceKind::cuda)
    add_cuda_facts(facts);
#endif
  return facts;
}

} // namespace bench::device
