#pragma once

#include <bench/results/result.h>

#include <optional>

/// How near a case comes to what memory and tensor cores of the same GPU were measured to do.
namespace bench::compare {

/// Bytes a second of the result's anchor `copy`, which are far too many for the L2; in results of
/// an older bench, whose anchors do not say their bytes, of the largest copy that was measured
/// beside a kernel. None where there is neither.
std::optional<double> copy_rate(const results::Result& result);

/// A step of a loop whose bytes the GPU counted.
struct Roofline {
  double t_s = 0;   ///< of a step: the median of the timed samples, else the profiled one
  double bytes = 0; ///< counted, from and to memory
  double flop = 0;  ///< modelled
  std::optional<double> copy_bytes_per_s{};
  std::optional<double> matmul_flop_per_s{};

  /// Of the copy's and of the product's rate, 0 to about 1; none where that was not measured.
  std::optional<double> memory_share() const;
  std::optional<double> tensor_share() const;
};

/// None where no step was counted.
std::optional<Roofline> roofline(const results::Result& result, const results::CaseResult& loop);

} // namespace bench::compare
