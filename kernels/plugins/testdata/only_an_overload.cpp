#include <torch/library.h>

/// A plug-in that has no rms_norm without an overload's name: it must be refused.
TORCH_LIBRARY(only_an_overload, library) {
  library.def("rms_norm.out(Tensor x, Tensor weight, float eps) -> Tensor");
}
