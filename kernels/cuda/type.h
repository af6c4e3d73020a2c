#pragma once

namespace kernels::cuda {

/// Of the elements of a tensor.
enum class Type { bf16, fp16, fp32 };

} // namespace kernels::cuda
