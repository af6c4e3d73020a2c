#pragma once

#include <kernels/rms_norm.h>

namespace kernels::aten {

/// RMSNorm by at::rms_norm: on CUDA one fused kernel (torch >= 2.9) for dense input; strided input
/// is copied to dense first. Contract: kernels/rms_norm.h.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

} // namespace kernels::aten
