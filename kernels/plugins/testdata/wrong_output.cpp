#include <ATen/core/Tensor.h>
#include <torch/library.h>

/// A plug-in whose operators return what a norm does not.
TORCH_LIBRARY(wrong_output, library) {
  library.def("rms_norm(Tensor x, Tensor weight, float eps) -> Tensor",
              [](const at::Tensor& x, const at::Tensor&, double) -> at::Tensor {
                return x.to(at::kFloat);
              });
  library.def("rms_norm_row(Tensor x, Tensor weight, float eps) -> Tensor",
              [](const at::Tensor& x, const at::Tensor&, double) -> at::Tensor {
                return x.narrow(0, 0, 1).clone();
              });
  library.def("rms_norm_input(Tensor x, Tensor weight, float eps) -> Tensor",
              [](const at::Tensor& x, const at::Tensor&, double) -> at::Tensor { return x; });
}
