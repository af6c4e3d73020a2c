#pragma once

#include <cstdint>
#include <optional>

namespace at {
class Tensor;
}

/// What a kernel asks of tensors before it takes them as they lie.
namespace kernels {

/// A tensor [..., width] as rows of dense elements: row i begins at element
/// i / inner * outer_stride + i % inner * inner_stride.
struct Rows {
  std::int64_t rows = 0;
  std::int64_t inner = 1; ///< 1: all rows lie outer_stride apart
  std::int64_t outer_stride = 0;
  std::int64_t inner_stride = 0;
  std::int64_t width = 0;

  bool operator==(const Rows&) const = default;
};

/// `x` as it lies, of any number of dimensions; nothing where its last one is not dense or its rows
/// have more than two strides.
std::optional<Rows> rows_of(const at::Tensor& x);

/// Whether `t` is what an operator multiplies rows of `x` by: [width], of x's type and device.
bool is_weight_of(const at::Tensor& x, const at::Tensor& t);
/// That, or [1, width] where x has rows: a scale, a shift or a gate. By its shape, not by how many
/// elements it has: [64, 1] is another thing to an x [64, 64].
bool is_modulation_of(const at::Tensor& x, const at::Tensor& t);

/// Whether `x` begins at a multiple of 16 bytes.
bool is_aligned(const at::Tensor& x);

} // namespace kernels
