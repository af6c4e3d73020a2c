#pragma once

#include <kernels/rms_norm.h>

namespace kernels::reference {

/// RMSNorm in fp64, by its formula; what every path is held against. Returns fp64.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

} // namespace kernels::reference
