#include <bench/stats/clock_line.h>
#include <bench/stats/variance.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace bench::stats {
namespace {

/// Standard deviation of log clock below which the clock stood still: rounding, not wander.
constexpr double kLeastClockSpread = 1e-7;

/// Sums of squares and products within groups.
struct Sums {
  double ff = 0;
  double ft = 0;
  double tt = 0;
  double samples = 0;
  double groups = 0;
};

struct Centre {
  double f = 0;
  double t = 0;
  double samples = 0;
};

void add(Sums& sums, const Observation& replicate) {
  std::map<int, Centre> centres;
  for (std::size_t i = 0; i < replicate.log_t.size(); ++i) {
    Centre& centre = centres[replicate.group[i]];
    centre.f += replicate.log_f[i];
    centre.t += replicate.log_t[i];
    ++centre.samples;
  }
  for (std::size_t i = 0; i < replicate.log_t.size(); ++i) {
    const Centre& centre = centres[replicate.group[i]];
    const double f = replicate.log_f[i] - centre.f / centre.samples;
    const double t = replicate.log_t[i] - centre.t / centre.samples;
    sums.ff += f * f;
    sums.ft += f * t;
    sums.tt += t * t;
  }
  sums.samples += static_cast<double>(replicate.log_t.size());
  sums.groups += static_cast<double>(centres.size());
}

Sums sums_of(std::span<const Observation* const> replicates) {
  Sums sums;
  for (const Observation* replicate : replicates)
    add(sums, *replicate);
  return sums;
}

Sums together(const Sums& a, const Sums& b) {
  return {a.ff + b.ff, a.ft + b.ft, a.tt + b.tt, a.samples + b.samples, a.groups + b.groups};
}

std::optional<ClockLine> line_of(const Sums& sums) {
  const double df = sums.samples - sums.groups - 1;
  if (df < 1 || sums.ff <= sums.samples * kLeastClockSpread * kLeastClockSpread)
    return std::nullopt;
  const double slope = sums.ft / sums.ff;
  const double residue = std::max(0.0, sums.tt - slope * sums.ft);
  return ClockLine{.slope = slope, .variance = residue / df / sums.ff, .df = df};
}

/// Work can take less time at a higher clock, down to in proportion; other slopes are chance or
/// something else that moved with the clock, such as a launch that got slower as the GPU cooled.
bool plausible(double slope) {
  return slope > -1.1 && slope < 0;
}

std::optional<ClockLine> if_significant(const std::optional<ClockLine>& line) {
  if (line && plausible(line->slope) &&
      std::abs(line->slope) > three_sigma(line->df) * std::sqrt(line->variance)) {
    return line;
  }
  return std::nullopt;
}

} // namespace

std::optional<ClockLine> fit_clock_line(std::span<const Observation* const> replicates) {
  return have_clocks(replicates) ? line_of(sums_of(replicates)) : std::nullopt;
}

std::optional<ClockLine> common_clock_line(std::span<const Observation* const> base,
                                           std::span<const Observation* const> fresh) {
  if (!have_clocks(base) || !have_clocks(fresh))
    return std::nullopt;
  const Sums of_base = sums_of(base);
  const Sums of_fresh = sums_of(fresh);
  const std::optional<ClockLine> base_line = line_of(of_base);
  const std::optional<ClockLine> fresh_line = line_of(of_fresh);
  if (base_line && fresh_line) {
    const double gap = std::abs(base_line->slope - fresh_line->slope);
    const double chance = std::sqrt(base_line->variance + fresh_line->variance);
    if (gap > three_sigma(std::min(base_line->df, fresh_line->df)) * chance) {
      std::optional<ClockLine> line = if_significant(base_line);
      if (!line)
        line = if_significant(fresh_line);
      if (line)
        line->disagreement = gap;
      return line;
    }
  }
  return if_significant(line_of(together(of_base, of_fresh)));
}

} // namespace bench::stats
