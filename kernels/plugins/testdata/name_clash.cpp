#include <ATen/core/Tensor.h>
#include <torch/library.h>

/// Two norms of one path's name.
namespace {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor&, double) {
  return x.clone();
}

} // namespace

TORCH_LIBRARY(name_clash, library) {
  library.def("rms_norm_v2(Tensor x, Tensor weight, float eps) -> Tensor", &rms_norm);
}

TORCH_LIBRARY(name_clash_v2, library) {
  library.def("rms_norm(Tensor x, Tensor weight, float eps) -> Tensor", &rms_norm);
}
