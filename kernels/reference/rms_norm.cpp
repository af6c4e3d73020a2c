#include <kernels/reference/rms_norm.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

namespace kernels::reference {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at::kDouble);
  return wide / (wide.square().mean(-1, true) + eps).sqrt() * weight.to(at::kDouble);
}

} // namespace kernels::reference
