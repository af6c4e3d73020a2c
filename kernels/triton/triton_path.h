#pragma once

#include <kernels/operators.h>
#include <kernels/triton/compiled_kernels.h>

#include <memory>

namespace kernels::triton {

/// RMSNorm by Triton kernels compiled ahead of time, one launch; all else composed of it and ATen.
/// Of each type the narrowest class that holds the row is taken. Multiplies by the weight in fp32,
/// rounds once. Rows may be slices of a packed tensor. To at::rms_norm go: widths and strides that
/// are no multiple of 16 elements, addresses that are none of 16 bytes, rows wider than the widest
/// class, a weight of another type or shape. Loads nothing before the first call on each GPU.
std::shared_ptr<const Operators> make_operators(std::vector<CompiledKernel> kernels);

} // namespace kernels::triton
