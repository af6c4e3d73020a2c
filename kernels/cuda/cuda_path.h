#pragma once

#include <kernels/operators.h>

#include <memory>

namespace kernels::cuda {

/// RMSNorm by this folder's kernels, all else composed of it and ATen. Multiplies by the weight in
/// fp32, rounds once; strided rows are taken as they are; what the kernels do not take (rows wider
/// than 16384 elements) goes to at::rms_norm.
std::shared_ptr<const Operators> make_operators();

/// Every operator by one kernel: rounds only what it writes.
std::shared_ptr<const Operators> make_fused_operators();

/// make_fused_operators(), and SwiGLU in the kernel of its matrix product: of bf16, aligned, at
/// least 1024 rows; all else is cuBLAS's product and SwiGLU behind it.
std::shared_ptr<const Operators> make_fused_products_operators();

} // namespace kernels::cuda
