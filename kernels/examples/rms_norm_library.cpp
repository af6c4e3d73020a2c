// A LibTorch operator library as `bench run --plugin` takes it: its namespace, `example`, becomes a
// path.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <tuple>

namespace {

// Required. Where this calls ATen, launch your kernel on at::cuda::getCurrentCUDAStream(): the sum
// in fp32, a new dense output of x's type, any strides but the last.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor scale = (wide.square().mean(-1, /*keepdim=*/true) + eps).rsqrt();
  return (wide * scale * weight.to(at::kFloat)).to(x.scalar_type());
}

// Any other operator of kernels/library/schemas.h replaces the composition of the one above.
std::tuple<at::Tensor, at::Tensor> add_rms_norm(const at::Tensor& x, const at::Tensor& a,
                                                const at::Tensor& weight, double eps) {
  const at::Tensor y = x + a;
  return {y, rms_norm(y, weight, eps)};
}

} // namespace

TORCH_LIBRARY(example, library) {
  library.def("rms_norm(Tensor x, Tensor weight, float eps) -> Tensor", &rms_norm);
  library.def("add_rms_norm(Tensor x, Tensor a, Tensor weight, float eps) -> (Tensor, Tensor)",
              &add_rms_norm);
}
