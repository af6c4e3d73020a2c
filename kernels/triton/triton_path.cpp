#include <kernels/rows.h>
#include <kernels/triton/triton_path.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rms_norm.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace kernels::triton {
namespace {

/// A kernel as the CUDA runtime knows it. A library of the runtime belongs to no context: it is
/// loaded into each GPU's when a kernel of it is first launched there, and never unloaded, as
/// cubins that nvcc links are not either.
class LoadedKernel {
 public:
  explicit LoadedKernel(CompiledKernel compiled) : compiled_(std::move(compiled)) {}

  const CompiledKernel& compiled() const { return compiled_; }

  cudaKernel_t get(int device) {
    const std::scoped_lock lock(mutex_);
    if (!kernel_) {
      cudaLibrary_t library = nullptr;
      C10_CUDA_CHECK(cudaLibraryLoadData(&library, compiled_.cubin.data(), nullptr, nullptr, 0,
                                         nullptr, nullptr, 0));
      C10_CUDA_CHECK(cudaLibraryGetKernel(&kernel_, library, compiled_.symbol.c_str()));
    }
    constexpr int kWithoutAsking = 48 * 1024;
    if (compiled_.shared_bytes > kWithoutAsking && device != allowed_on_) {
      C10_CUDA_CHECK(cudaKernelSetAttributeForDevice(
          kernel_, cudaFuncAttributeMaxDynamicSharedMemorySize, compiled_.shared_bytes, device));
      allowed_on_ = device;
    }
    return kernel_;
  }

 private:
  CompiledKernel compiled_;
  std::mutex mutex_;
  cudaKernel_t kernel_ = nullptr;
  int allowed_on_ = -1;
};

/// So that the rows of the last program, and those behind them, have numbers of 32 bits.
constexpr std::int64_t kMostRows = std::int64_t{1} << 30;

/// Of an operand to multiply addresses with; what compile.py promises of it.
bool is_multiple(std::int64_t elements) {
  return elements % 16 == 0;
}

class TritonOperators final : public Operators {
 public:
  explicit TritonOperators(std::vector<CompiledKernel> kernels) {
    std::ranges::stable_sort(kernels, {}, &CompiledKernel::width_class);
    for (CompiledKernel& kernel : kernels)
      kernels_.emplace_back(std::move(kernel));
  }

  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const override {
    const auto elsewhere = [&] { return at::rms_norm(x, {x.size(-1)}, weight, eps); };
    if (!x.is_cuda() || x.numel() == 0 || !is_weight_of(x, weight) ||
        x.numel() / x.size(-1) > kMostRows)
      return elsewhere();
    LoadedKernel* kernel = find(x.scalar_type(), x.size(-1));
    if (!kernel)
      return elsewhere();
    at::Tensor a = x;
    std::optional<Rows> rows = rows_of(a);
    if (!rows) {
      a = x.contiguous();
      rows = rows_of(a);
    }
    const at::Tensor w = weight.contiguous();
    if (!is_multiple(rows->width) || !is_multiple(rows->outer_stride) ||
        !is_multiple(rows->inner_stride) || !is_aligned(a) || !is_aligned(w))
      return elsewhere();
    at::Tensor y = at::empty(x.sizes(), x.options());
    launch(*kernel, *rows, a, w, y, static_cast<float>(eps));
    return y;
  }

 private:
  LoadedKernel* find(c10::ScalarType dtype, std::int64_t width) const {
    for (LoadedKernel& kernel : kernels_)
      if (kernel.compiled().dtype == dtype && kernel.compiled().width_class >= width)
        return &kernel;
    return nullptr;
  }

  static void launch(LoadedKernel& kernel, const Rows& of, const at::Tensor& a,
                     const at::Tensor& weight, at::Tensor& y, float eps) {
    const c10::cuda::CUDAGuard guard(a.device());
    const CompiledKernel& compiled = kernel.compiled();
    const void* x = a.const_data_ptr();
    const void* w = weight.const_data_ptr();
    void* to = y.mutable_data_ptr();
    auto rows = static_cast<std::int32_t>(of.rows), inner = static_cast<std::int32_t>(of.inner),
         width = static_cast<std::int32_t>(of.width);
    std::int64_t outer_stride = of.outer_stride, inner_stride = of.inner_stride;
    // Triton's own last two parameters, for kernels that need them; compile.py refuses those.
    void* no_global_scratch = nullptr;
    void* no_profile_scratch = nullptr;
    std::array<void*, 11> arguments{&x,
                                    &w,
                                    &to,
                                    &rows,
                                    &inner,
                                    &outer_stride,
                                    &inner_stride,
                                    &width,
                                    &eps,
                                    &no_global_scratch,
                                    &no_profile_scratch};
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(static_cast<unsigned>((of.rows + compiled.rows - 1) / compiled.rows));
    config.blockDim = dim3(static_cast<unsigned>(32 * compiled.warps));
    config.dynamicSmemBytes = static_cast<std::size_t>(compiled.shared_bytes);
    config.stream = c10::cuda::getCurrentCUDAStream(a.device().index());
    C10_CUDA_CHECK(cudaLaunchKernelExC(
        &config, static_cast<const void*>(kernel.get(a.device().index())), arguments.data()));
  }

  mutable std::deque<LoadedKernel> kernels_; ///< by width class; loading one is no change
};

} // namespace

std::shared_ptr<const Operators> make_operators(std::vector<CompiledKernel> kernels) {
  return std::make_shared<TritonOperators>(std::move(kernels));
}

} // namespace kernels::triton
