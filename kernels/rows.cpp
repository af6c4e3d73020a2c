#include <kernels/rows.h>

#include <ATen/core/Tensor.h>

namespace kernels {

std::optional<Rows> rows_of(const at::Tensor& x) {
  if (x.dim() < 1 || (x.size(-1) != 1 && x.stride(-1) != 1))
    return std::nullopt;
  Rows r{.rows = 1, .width = x.size(-1)};
  for (std::int64_t d = 0; d + 1 < x.dim(); ++d)
    r.rows *= x.size(d);
  r.outer_stride = r.width;
  if (x.numel() == 0)
    return r;
  // From the innermost dimension outwards; one whose stride goes on where those inside it end is
  // part of them.
  int strides = 0;
  std::int64_t inner = 1; // rows inside of outer_stride
  for (std::int64_t d = x.dim() - 2, count = 0; d >= 0; --d) {
    if (x.size(d) == 1)
      continue;
    if (strides > 0 && x.stride(d) == r.outer_stride * count) {
      count *= x.size(d);
      continue;
    }
    if (++strides > 2)
      return std::nullopt;
    if (strides == 2) {
      inner = count;
      r.inner_stride = r.outer_stride;
    }
    r.outer_stride = x.stride(d);
    count = x.size(d);
  }
  r.inner = inner;
  return r;
}

namespace {

bool is_vector_of(const at::Tensor& x, const at::Tensor& t) {
  return x.dim() >= 1 && t.size(-1) == x.size(-1) && t.scalar_type() == x.scalar_type() &&
         t.device() == x.device();
}

} // namespace

bool is_weight_of(const at::Tensor& x, const at::Tensor& t) {
  return t.dim() == 1 && is_vector_of(x, t);
}

bool is_modulation_of(const at::Tensor& x, const at::Tensor& t) {
  const bool is_row = t.dim() == 2 && t.size(0) == 1 && x.dim() >= 2;
  return (t.dim() == 1 || is_row) && is_vector_of(x, t);
}

bool is_aligned(const at::Tensor& x) {
  return reinterpret_cast<std::uintptr_t>(x.const_data_ptr()) % 16 == 0;
}

} // namespace kernels
