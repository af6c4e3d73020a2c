#pragma once

#include <string_view>
#include <vector>

namespace at {
class Tensor;
}

/// The operators that exist in several implementations ("paths"), and the registry to pick one
/// from. Models call them through here and nowhere else, so that a scenario can say which runs.
namespace kernels {

/// y[..., i] = x[..., i] / sqrt(mean_i(x[..., i]^2) + eps) * weight[i]
///
/// x       [..., width] on the CPU or a GPU, bf16, fp16 or fp32; the last dimension dense, the
///         others of any stride.
/// weight  [width], of x's type and device.
/// eps     added to the mean square, > 0.
/// Returns [..., width] of x's type, dense; accumulates in fp32 at least. Does not synchronise with
/// the host and can be captured into a CUDA graph.
using RmsNorm = at::Tensor (*)(const at::Tensor& x, const at::Tensor& weight, double eps);

/// Raised when what an RMSNorm case computes changes, so that older results are not compared.
inline constexpr int kRmsNormWorkVersion = 1;

/// One implementation.
struct RmsNormPath {
  std::string_view name;    ///< as scenarios name it
  std::string_view summary; ///< one line: what it launches, and where it rounds
  RmsNorm run;
};

/// All of them, in the order `bench list paths` shows.
const std::vector<RmsNormPath>& rms_norm_paths();

/// The one of that name, or nullptr.
const RmsNormPath* find_rms_norm_path(std::string_view name);

/// The least bytes an RMSNorm of `rows` x `width` elements of `element_size` bytes moves: x read
/// once, y written once, the weight read once.
double rms_norm_bytes(double rows, double width, double element_size);

/// Its floating-point operations: square, add, scale, weight for each element.
double rms_norm_flop(double rows, double width);

} // namespace kernels
