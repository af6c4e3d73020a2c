#pragma once

#include <kernels/families.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>

#include <cstdint>
#include <limits>
#include <vector>

/// How an operator's inputs may lie in memory. What is beside them is NaN: it must not be read.
namespace kernels {

inline constexpr double kBeside = std::numeric_limits<double>::quiet_NaN();

/// A copy of `t`, whose rows begin `before` elements into rows of `before + width + after`.
inline at::Tensor in_wider_rows(const at::Tensor& t, std::int64_t before, std::int64_t after) {
  std::vector<std::int64_t> sizes = t.sizes().vec();
  sizes.back() += before + after;
  at::Tensor part = at::full(sizes, kBeside, t.options()).narrow(-1, before, t.size(-1));
  return part.copy_(t);
}

/// A dense copy that begins at element 1 of its storage.
inline at::Tensor at_an_odd_element(const at::Tensor& t) {
  return at::full({t.numel() + 1}, kBeside, t.options())
      .narrow(0, 1, t.numel())
      .view(t.sizes())
      .copy_(t);
}

/// A copy of which every other element of its storage is part.
inline at::Tensor with_gaps(const at::Tensor& t) {
  std::vector<std::int64_t> sizes = t.sizes().vec();
  sizes.push_back(2);
  return at::full(sizes, kBeside, t.options()).select(-1, 0).copy_(t);
}

/// A copy [rows / 3, 3, width] of `t` [rows, width], as k lies in a packed q|k|v of 3 heads.
inline at::Tensor as_packed_heads(const at::Tensor& t) {
  return at::full({t.size(0) / 3, 3, 3, t.size(1)}, kBeside, t.options())
      .select(1, 1)
      .copy_(t.view({-1, 3, t.size(1)}));
}

/// Copies [2, rows / 12, 6, width] of `t` [rows, width]: rows by one stride, by two, and by three,
/// which are none that a kernel takes.
inline at::Tensor by_one_stride(const at::Tensor& t) {
  return in_wider_rows(t, 0, 64).view({2, -1, 6, t.size(-1)});
}
inline at::Tensor by_two_strides(const at::Tensor& t) {
  const std::int64_t width = t.size(-1), outer = t.size(0) / 12;
  return at::full({2, outer, 7, width}, kBeside, t.options())
      .narrow(2, 0, 6)
      .copy_(t.view({2, outer, 6, width}));
}
inline at::Tensor by_three_strides(const at::Tensor& t) {
  const std::int64_t width = t.size(-1), outer = t.size(0) / 12;
  return at::full({2, outer + 1, 7, width}, kBeside, t.options())
      .narrow(1, 0, outer)
      .narrow(2, 0, 6)
      .copy_(t.view({2, outer, 6, width}));
}

/// Copies that lie as `activation` and `parameter` have them.
template <typename Activation, typename Parameter>
Inputs laid_out(const Inputs& in, const Activation& activation, const Parameter& parameter) {
  Inputs out;
  out.eps = in.eps;
  for (const at::Tensor& t : in.activations)
    out.activations.push_back(activation(t));
  for (const at::Tensor& t : in.parameters)
    out.parameters.push_back(parameter(t));
  return out;
}

} // namespace kernels
