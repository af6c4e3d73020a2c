#include <bench/stats/clock_gap.h>
#include <bench/stats/variance.h>

#include <cmath>

namespace bench::stats {

ClockGap::ClockGap(const Contrast& clocks, int present)
    : now_(clocks.estimate), last_(now_), present_(present) {
  if (clocks.df <= 0)
    return;
  const double by_chance = std::sqrt(clocks.squares / clocks.df * clocks.share);
  if (std::abs(now_) <= three_sigma(clocks.df) * by_chance)
    last_ = now_ * clocks.base_share / clocks.share;
}

double ClockGap::with(int count) const {
  return last_ + (now_ - last_) * present_ / count;
}

} // namespace bench::stats
