#include <kernels/operators.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/view_as_complex.h>
#include <ATen/ops/view_as_real.h>

// What an eager PyTorch model runs: one kernel an operator, each rounding to the tensor's type.

namespace kernels {

at::Tensor rotate(const at::Tensor& x, const at::Tensor& rotation) {
  const at::Tensor pairs = x.to(at::kFloat).unflatten(-1, {-1, 2});
  const at::Tensor turned = at::view_as_complex(pairs) * rotation.unsqueeze(1);
  return at::view_as_real(turned).flatten(-2).to(x.scalar_type());
}

at::Tensor rotate_half_split(const at::Tensor& x, const at::Tensor& rotation) {
  const at::Tensor halves = x.to(at::kFloat).unflatten(-1, {2, -1}).transpose(-1, -2);
  // Not contiguous(), which leaves no elements as they lie.
  const at::Tensor pairs = halves.clone(at::MemoryFormat::Contiguous);
  const at::Tensor turned = at::view_as_complex(pairs) * rotation.unsqueeze(1);
  return at::view_as_real(turned).transpose(-1, -2).flatten(-2).to(x.scalar_type());
}

at::Tensor Operators::rms_norm_scale(const at::Tensor& x, const at::Tensor& weight,
                                     const at::Tensor& scale, double eps) const {
  return rms_norm(x, weight, eps) * scale;
}

at::Tensor Operators::rms_norm_scale_shift(const at::Tensor& x, const at::Tensor& weight,
                                           const at::Tensor& scale, const at::Tensor& shift,
                                           double eps) const {
  return at::addcmul(shift, rms_norm(x, weight, eps), scale);
}

at::Tensor Operators::add_gated_rms_norm(const at::Tensor& x, const at::Tensor& gate,
                                         const at::Tensor& a, const at::Tensor& weight,
                                         double eps) const {
  return at::addcmul(x, gate, rms_norm(a, weight, eps));
}

std::pair<at::Tensor, at::Tensor> Operators::add_gated_rms_norm_then_scale(
    const at::Tensor& x, const at::Tensor& gate, const at::Tensor& a, const at::Tensor& weight,
    const at::Tensor& next_weight, const at::Tensor& next_scale, double eps) const {
  at::Tensor y = add_gated_rms_norm(x, gate, a, weight, eps);
  at::Tensor next = rms_norm_scale(y, next_weight, next_scale, eps);
  return {std::move(y), std::move(next)};
}

std::pair<at::Tensor, at::Tensor> Operators::add_rms_norm(const at::Tensor& x, const at::Tensor& a,
                                                          const at::Tensor& weight,
                                                          double eps) const {
  at::Tensor y = x + a;
  at::Tensor normed = rms_norm(y, weight, eps);
  return {std::move(y), std::move(normed)};
}

namespace {

/// q and k normed, then each turned by `rotate_pairs`, unless there is no rotation.
template <typename Rotate>
std::pair<at::Tensor, at::Tensor>
norm_then_rotate(const Operators& operators, const at::Tensor& q, const at::Tensor& k,
                 const at::Tensor& q_weight, const at::Tensor& k_weight, const at::Tensor& rotation,
                 double eps, Rotate rotate_pairs) {
  const auto turned = [&](const at::Tensor& x, const at::Tensor& weight) {
    const at::Tensor normed = operators.rms_norm(x, weight, eps);
    return rotation.defined() ? rotate_pairs(normed, rotation) : normed;
  };
  return {turned(q, q_weight), turned(k, k_weight)};
}

} // namespace

std::pair<at::Tensor, at::Tensor>
Operators::qk_rms_norm_rope(const at::Tensor& q, const at::Tensor& k, const at::Tensor& q_weight,
                            const at::Tensor& k_weight, const at::Tensor& rotation,
                            double eps) const {
  return norm_then_rotate(*this, q, k, q_weight, k_weight, rotation, eps, rotate);
}

std::pair<at::Tensor, at::Tensor>
Operators::qk_rms_norm_rope_half_split(const at::Tensor& q, const at::Tensor& k,
                                       const at::Tensor& q_weight, const at::Tensor& k_weight,
                                       const at::Tensor& rotation, double eps) const {
  return norm_then_rotate(*this, q, k, q_weight, k_weight, rotation, eps, rotate_half_split);
}

void Operators::qk_rms_norm_rope_in_place(const at::Tensor& q, const at::Tensor& k,
                                          const at::Tensor& q_weight, const at::Tensor& k_weight,
                                          const at::Tensor& rotation, double eps) const {
  const auto [new_q, new_k] = qk_rms_norm_rope(q, k, q_weight, k_weight, rotation, eps);
  q.copy_(new_q);
  k.copy_(new_k);
}

at::Tensor Operators::layer_norm_scale_shift(const at::Tensor& x, const at::Tensor& scale,
                                             const at::Tensor& shift, double eps) const {
  const at::Tensor scaled = at::layer_norm(x, {x.size(-1)}, {}, {}, eps) * scale;
  return shift.defined() ? scaled + shift : scaled;
}

at::Tensor Operators::add_gated(const at::Tensor& x, const at::Tensor& gate,
                                const at::Tensor& a) const {
  return at::addcmul(x, gate, a);
}

std::pair<at::Tensor, at::Tensor>
Operators::add_gated_then_layer_norm(const at::Tensor& x, const at::Tensor& gate,
                                     const at::Tensor& a, const at::Tensor& scale,
                                     const at::Tensor& shift, double eps) const {
  at::Tensor y = add_gated(x, gate, a);
  at::Tensor normed = layer_norm_scale_shift(y, scale, shift, eps);
  return {std::move(y), std::move(normed)};
}

at::Tensor Operators::swiglu(const at::Tensor& packed) const {
  const std::int64_t half = packed.size(-1) / 2;
  return at::silu(packed.narrow(-1, 0, half)) * packed.narrow(-1, half, half);
}

at::Tensor Operators::linear_gelu(const at::Tensor& x, const at::Tensor& weight,
                                  const at::Tensor& bias) const {
  return at::gelu(at::linear(x, weight, bias), "tanh");
}

at::Tensor Operators::linear_swiglu(const at::Tensor& x, const at::Tensor& weight) const {
  return swiglu(at::linear(x, weight));
}

} // namespace kernels
