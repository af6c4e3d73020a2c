#include <kernels/reference/accuracy.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/exp2.h>
#include <ATen/ops/isfinite.h>

#include <limits>

namespace kernels::reference {
namespace {

struct Format {
  int mantissa_bits; // stored bits
  int min_exponent;  // of the smallest normal number
};

Format format_of(at::ScalarType type) {
  switch (type) {
  case at::kBFloat16:
    return {7, -126};
  case at::kHalf:
    return {10, -14};
  case at::kFloat:
    return {23, -126};
  default:
    return {52, -1022};
  }
}

} // namespace

Accuracy accuracy(const at::Tensor& output, const at::Tensor& exact) {
  if (output.numel() == 0)
    return {};
  const at::Tensor finite = at::isfinite(output) | at::isfinite(exact).logical_not();
  if (!finite.all().item<bool>()) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    return {.finite = false, .max_abs_error = inf, .max_ulp = inf, .exact_share = 0};
  }
  const Format format = format_of(output.scalar_type());
  const at::Tensor error =
      (output.to(at::kDouble) - exact).abs().masked_fill(at::isfinite(exact).logical_not(), 0);
  // Below the smallest normal number the spacing no longer shrinks.
  const at::Tensor exponent = exact.abs().log2().floor().clamp_min(format.min_exponent);
  const at::Tensor ulp = at::exp2(exponent - format.mantissa_bits);
  const at::Tensor equal =
      (output == exact.to(output.scalar_type())) | at::isfinite(exact).logical_not();
  return {.finite = true,
          .max_abs_error = error.max().item<double>(),
          .max_ulp =
              (error / ulp).masked_fill(at::isfinite(exact).logical_not(), 0).max().item<double>(),
          .exact_share = equal.to(at::kDouble).mean().item<double>()};
}

} // namespace kernels::reference
