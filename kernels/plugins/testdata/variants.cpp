#include <ATen/ATen.h>
#include <torch/library.h>

#include <tuple>

/// A plug-in with two variants of a norm, and operators that only look like one.
namespace {

at::Tensor normed(const at::Tensor& x, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  return wide * (wide.square().mean(-1, /*keepdim=*/true) + eps).rsqrt();
}

at::Tensor rounds_once(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return (normed(x, eps) * weight.to(at::kFloat)).to(x.scalar_type());
}

at::Tensor rounds_twice(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return normed(x, eps).to(x.scalar_type()) * weight;
}

at::Tensor scaled(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scale,
                  double eps) {
  return rounds_once(x, weight, eps) * scale;
}

std::tuple<at::Tensor, at::Tensor> added(const at::Tensor& x, const at::Tensor& a,
                                         const at::Tensor& weight, double eps) {
  const at::Tensor y = x + a;
  return {y, rounds_twice(y, weight, eps)};
}

} // namespace

TORCH_LIBRARY(variants, library) {
  library.def("rms_norm(Tensor x, Tensor weight, float eps) -> Tensor", &rounds_once);
  library.def("rms_norm_scale(Tensor x, Tensor weight, Tensor scale, float eps) -> Tensor",
              &scaled);
  library.def("rms_norm_v2(Tensor x, Tensor weight, float eps) -> Tensor", &rounds_twice);
  library.def("add_rms_norm_v2(Tensor x, Tensor a, Tensor weight, float eps) -> (Tensor, Tensor)",
              &added);
  library.def("rms_norm_backward(Tensor gradient, Tensor x) -> Tensor");
  library.def("swiglu_naive(Tensor packed) -> Tensor");
  library.def("rms_normalize(Tensor x) -> Tensor");
}
