#pragma once

#include <kernels/cuda/row_chain.h>
#include <kernels/rows.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <cstdint>
#include <optional>
#include <vector>

/// Tensors as row_chain.h's kernels take them.
namespace kernels::cuda {

/// None of a type that no kernel takes.
inline std::optional<Type> type_of(const at::Tensor& x) {
  switch (x.scalar_type()) {
  case at::kBFloat16:
    return Type::bf16;
  case at::kHalf:
    return Type::fp16;
  case at::kFloat:
    return Type::fp32;
  default:
    return std::nullopt;
  }
}

/// A chain over the rows of `a`, or nothing when the kernels do not take it.
class ChainCall {
 public:
  ChainCall(const at::Tensor& a, double eps) : a_(a), type_(type_of(a)) {
    if (!a.is_cuda() || !type_ || a.dim() < 1 || a.numel() == 0)
      return;
    std::optional<Rows> rows = rows_of(a);
    if (!rows) {
      a_ = a.contiguous();
      rows = rows_of(a_);
    }
    chain_.rows = rows->rows;
    chain_.inner = rows->inner; // 1: no division a row
    chain_.outer_stride = rows->outer_stride;
    chain_.inner_stride = rows->inner_stride;
    chain_.width = static_cast<int>(rows->width);
    chain_.eps = static_cast<float>(eps);
    chain_.a = a_.const_data_ptr();
    const std::int64_t vector = 16 / a_.element_size();
    aligned_ = is_aligned(a_) && chain_.width % vector == 0 && chain_.outer_stride % vector == 0 &&
               chain_.inner_stride % vector == 0;
    is_taken_ = true;
  }

  ChainCall& with(const void* RowChain::*member, const at::Tensor& tensor) {
    if (!is_taken_)
      return *this;
    if (!fits(member, tensor)) {
      is_taken_ = false;
      return *this;
    }
    // A residual that is not dense is copied. Strides of its own would be two more numbers and a
    // division a row in every chain that has one, and what a block wrote before is dense.
    kept_.push_back(tensor.contiguous());
    chain_.*member = kept_.back().const_data_ptr();
    aligned_ = aligned_ && is_aligned(kept_.back());
    return *this;
  }

  bool is_taken() const { return is_taken_ && takes(*type_, chain_.width, aligned_); }

  at::Tensor output(void* RowChain::*member) {
    at::Tensor out = at::empty(a_.sizes(), a_.options());
    chain_.*member = out.mutable_data_ptr();
    return out;
  }

  void run(Chain chain) const {
    const c10::cuda::CUDAGuard guard(a_.device());
    C10_CUDA_CHECK(launch(chain, *type_, chain_, aligned_,
                          c10::cuda::getCurrentCUDAStream(a_.device().index())));
  }

 private:
  /// What has another shape, type or device is broadcast, or refused, by the composition.
  bool fits(const void* RowChain::*member, const at::Tensor& tensor) const {
    if (member == &RowChain::x)
      return tensor.sizes() == a_.sizes() && tensor.scalar_type() == a_.scalar_type() &&
             tensor.device() == a_.device();
    const bool is_weight = member == &RowChain::weight1 || member == &RowChain::weight2;
    return is_weight ? is_weight_of(a_, tensor) : is_modulation_of(a_, tensor);
  }

  at::Tensor a_;
  std::optional<Type> type_;
  RowChain chain_;
  bool aligned_ = false;
  bool is_taken_ = false;
  std::vector<at::Tensor> kept_;
};

} // namespace kernels::cuda
