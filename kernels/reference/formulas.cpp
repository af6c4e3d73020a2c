#include <kernels/reference/formulas.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/imag.h>
#include <ATen/ops/real.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

namespace kernels::reference {

at::Tensor rms_norm(const at::Tensor& x, double eps) {
  const at::Tensor wide = x.to(at::kDouble);
  return wide / (wide.square().mean(-1, true) + eps).sqrt();
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return rms_norm(x, eps) * weight.to(at::kDouble);
}

at::Tensor rounded_then_weighted(const at::Tensor& normed, const at::Tensor& weight) {
  return normed.to(weight.scalar_type()).to(at::kDouble) * weight.to(at::kDouble);
}

at::Tensor layer_norm(const at::Tensor& x, double eps) {
  const at::Tensor wide = x.to(at::kDouble);
  const at::Tensor centred = wide - wide.mean(-1, true);
  return centred / (centred.square().mean(-1, true) + eps).sqrt();
}

namespace {

/// Each of the points (x, y) turned by the angle of its complex number.
std::pair<at::Tensor, at::Tensor> turned(const at::Tensor& x, const at::Tensor& y,
                                         const at::Tensor& rotation) {
  const at::Tensor cosine = at::real(rotation).to(at::kDouble).unsqueeze(1);
  const at::Tensor sine = at::imag(rotation).to(at::kDouble).unsqueeze(1);
  return {x * cosine - y * sine, x * sine + y * cosine};
}

} // namespace

at::Tensor rotate(const at::Tensor& x, const at::Tensor& rotation) {
  const at::Tensor pairs = x.to(at::kDouble).unflatten(-1, {-1, 2});
  const auto [even, odd] = turned(pairs.select(-1, 0), pairs.select(-1, 1), rotation);
  return at::stack({even, odd}, -1).flatten(-2);
}

at::Tensor rotate_half_split(const at::Tensor& x, const at::Tensor& rotation) {
  const at::Tensor wide = x.to(at::kDouble);
  const std::int64_t half = wide.size(-1) / 2;
  const auto [first, second] =
      turned(wide.narrow(-1, 0, half), wide.narrow(-1, half, half), rotation);
  return at::cat({first, second}, -1);
}

at::Tensor swiglu(const at::Tensor& packed) {
  const at::Tensor wide = packed.to(at::kDouble);
  const std::int64_t half = wide.size(-1) / 2;
  const at::Tensor gate = wide.narrow(-1, 0, half);
  return gate / (1 + (-gate).exp()) * wide.narrow(-1, half, half);
}

at::Tensor gelu_tanh(const at::Tensor& x) {
  const at::Tensor wide = x.to(at::kDouble);
  const at::Tensor inner = std::sqrt(2 / std::numbers::pi) * (wide + 0.044715 * wide.pow(3));
  return 0.5 * wide * (1 + inner.tanh());
}

} // namespace kernels::reference
