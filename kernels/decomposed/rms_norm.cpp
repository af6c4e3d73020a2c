#include <kernels/decomposed/rms_norm.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/rsqrt.h>

namespace kernels::decomposed {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor variance = x.to(at::kFloat).pow(2).mean(/*dim=*/-1, /*keepdim=*/true);
  at::Tensor y = x * at::rsqrt(variance + eps); // fp32 by promotion
  if (weight.scalar_type() != at::kFloat)
    y = y.to(weight.scalar_type()); // diffusers rounds before it multiplies by the weight
  return y * weight;
}

} // namespace kernels::decomposed
