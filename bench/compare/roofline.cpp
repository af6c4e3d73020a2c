#include <bench/compare/judged_samples.h>
#include <bench/compare/roofline.h>
#include <bench/stats/summary.h>

namespace bench::compare {

using results::CaseResult;
using results::CaseStatus;
using results::Result;

std::optional<double> copy_rate(const Result& result) {
  double largest = 0;
  std::optional<double> rate;
  for (const CaseResult& c : result.cases) {
    if (c.kind == "anchor" && c.bytes > 0 && c.status == CaseStatus::ok) {
      const std::vector<double> times = pooled(c, &results::Samples::t_s);
      if (!times.empty())
        return c.bytes / stats::median(times);
    }
    if (c.reference.copy_t_s && c.bytes > largest) {
      largest = c.bytes;
      rate = c.bytes / *c.reference.copy_t_s;
    }
  }
  return rate;
}

std::optional<double> Roofline::memory_share() const {
  if (!copy_bytes_per_s)
    return std::nullopt;
  return bytes / t_s / *copy_bytes_per_s;
}

std::optional<double> Roofline::tensor_share() const {
  if (!matmul_flop_per_s || flop == 0)
    return std::nullopt;
  return flop / t_s / *matmul_flop_per_s;
}

std::optional<Roofline> roofline(const Result& result, const CaseResult& loop) {
  const auto bytes = loop.profile ? counted_bytes(*loop.profile) : std::nullopt;
  if (!bytes)
    return std::nullopt;
  const std::vector<double> times = pooled(loop, &results::Samples::t_s);
  const double t_s = times.empty() ? loop.profile->sample_s : stats::median(times);
  if (!(t_s > 0))
    return std::nullopt;
  return Roofline{.t_s = t_s,
                  .bytes = *bytes,
                  .flop = loop.flop,
                  .copy_bytes_per_s = copy_rate(result),
                  .matmul_flop_per_s = loop.reference.matmul_flop_per_s};
}

} // namespace bench::compare
