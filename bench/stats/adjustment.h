#pragma once

#include <bench/stats/clock_line.h>
#include <bench/stats/covariates.h>
#include <bench/stats/judge.h>
#include <bench/stats/observation.h>

#include <optional>

namespace bench::stats {

/// How the times of two arms are read at one clock.
struct Adjustment {
  std::optional<ClockLine> line; ///< within loops
  Covariates covariates;
  /// Kernels on one GPU that have clocks and no covariate: their time follows them by between
  /// nothing and all of it.
  bool clock_unread = false;

  bool follows_clock() const { return line || covariates.clock_slope().df > 0; }
  bool depends_on_clock() const { return follows_clock() || clock_unread; }

  /// How far off work may be, and not by chance, per unit of the difference of log clocks;
  /// `extrapolation` is the prior's.
  double bias(double extrapolation) const;
};

/// None, where nothing is known or the rules ask for none.
Adjustment adjustment_for(const Rules& rules, const Replicates& base, const Replicates& fresh,
                          bool same_device);

} // namespace bench::stats
