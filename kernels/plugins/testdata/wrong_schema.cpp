#include <ATen/core/Tensor.h>
#include <torch/library.h>

/// A plug-in whose rms_norm lacks eps: it must be refused.
TORCH_LIBRARY(wrong_schema, library) {
  library.def("rms_norm(Tensor x, Tensor weight) -> Tensor",
              [](const at::Tensor& x, const at::Tensor&) -> at::Tensor { return x.clone(); });
}
