#pragma once

namespace at {
class Tensor;
}

/// The operators in fp64, by their formulas (kernels/operators.h); what every path is held against.
namespace kernels::reference {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor rms_norm(const at::Tensor& x, double eps); ///< without weight
/// What is normed times the weight in the cast order of diffusers and transformers: rounded to the
/// weight's type before. The product is not yet rounded.
at::Tensor rounded_then_weighted(const at::Tensor& normed, const at::Tensor& weight);
at::Tensor layer_norm(const at::Tensor& x, double eps); ///< without weight and bias
/// x [tokens, heads, width] fp64, rotation [tokens, width / 2] complex.
at::Tensor rotate(const at::Tensor& x, const at::Tensor& rotation);
at::Tensor rotate_half_split(const at::Tensor& x, const at::Tensor& rotation);
at::Tensor swiglu(const at::Tensor& packed);
at::Tensor gelu_tanh(const at::Tensor& x);

} // namespace kernels::reference
