#pragma once

#include <kernels/rms_norm.h>

namespace kernels::decomposed {

/// RMSNorm as diffusers' RMSNorm module runs it in eager mode: to fp32, square, mean, + eps, rsqrt,
/// multiply, round to the weight's type, multiply by the weight; one kernel each. This is what a
/// graph break leaves behind when torch.compile falls back. Contract: kernels/rms_norm.h.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

} // namespace kernels::decomposed
