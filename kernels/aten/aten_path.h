#pragma once

#include <kernels/operators.h>

#include <memory>

namespace kernels::aten {

/// RMSNorm by at::rms_norm: on CUDA one fused kernel (torch >= 2.9) for dense input; strided input
/// is copied to dense first. Multiplies by the weight in fp32, rounds once.
std::shared_ptr<const Operators> make_operators();

} // namespace kernels::aten
