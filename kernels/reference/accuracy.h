#pragma once

namespace at {
class Tensor;
}

namespace kernels::reference {

/// How far an output is from the fp64 result.
struct Accuracy {
  bool finite = true;       ///< no element of the output is NaN or infinite where the result is not
  double max_abs_error = 0; ///< largest |output - result|
  double max_ulp = 0; ///< the same in units in the last place of the output's type at the result
  /// Elements that are the result correctly rounded to the output's type; 1: equal bit for bit.
  double exact_share = 1;
};

/// Holds `output` (bf16, fp16, fp32) against `exact` (fp64, same shape). Synchronises.
/// A correctly rounded output is at most 0.5 ulp away.
Accuracy accuracy(const at::Tensor& output, const at::Tensor& exact);

} // namespace kernels::reference
