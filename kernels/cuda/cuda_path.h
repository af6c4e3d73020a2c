#pragma once

#include <kernels/operators.h>

#include <memory>

namespace kernels::cuda {

/// RMSNorm by this folder's kernels, all else composed of it and ATen. Multiplies by the weight in
/// fp32, rounds once; strided rows are taken as they are; what the kernels do not take (rows wider
/// than 16384 elements) goes to at::rms_norm.
std::shared_ptr<const Operators> make_operators();

/// Every operator by one kernel: rounds only what it writes. SwiGLU lies in the kernel of its
/// matrix product where that is bf16, aligned and has at least 1024 rows; else behind cuBLAS's
/// product.
std::shared_ptr<const Operators> make_fused_operators();

} // namespace kernels::cuda
