#pragma once

#include <bench/stats/adjustment.h>
#include <bench/stats/judge.h>
#include <bench/stats/variance.h>

#include <vector>

namespace bench::stats {

/// What the interval of a drift of work is made of.
struct Spread {
  Variance replicate{};           ///< of the adjusted mean of one replicate, or of one pair's drift
  double share = 0;               ///< of that in the estimate's
  double base_share = 0;          ///< the base's part of it
  std::vector<Variance> others{}; ///< terms that more replicates don't lessen
  double bias = 0;                ///< how far off the estimate may be besides, and not by chance
  double clock_gap = 0;           ///< of log clocks
  std::vector<Variance> of_clocks{}; ///< terms, times the square of clock_gap
  double bias_of_clocks = 0;         ///< times clock_gap
};

/// What reading the times at one clock adds: the errors of its slopes, and how far off it may lead.
/// The arms' mean log clocks and temperatures differ by these gaps.
Spread spread_of(const Adjustment& adjustment, double clock_gap, double temperature_gap,
                 bool same_device, const Rules& rules);

double half_width(const Spread& spread, double confidence);

} // namespace bench::stats
