#include <bench/stats/adjustment.h>

namespace bench::stats {

double Adjustment::bias(double extrapolation) const {
  if (line)
    return extrapolation + line->disagreement + covariates.off_the_line();
  return clock_unread ? 1 : 0;
}

Adjustment adjustment_for(const Rules& rules, const Replicates& base, const Replicates& fresh,
                          bool same_device) {
  Adjustment adjustment;
  if (!rules.adjust)
    return adjustment;
  if (rules.along_loops)
    adjustment.line = common_clock_line(base, fresh);
  if (same_device && (adjustment.line || !rules.along_loops))
    adjustment.covariates = Covariates(rules.noise, base, fresh);
  adjustment.clock_unread = same_device && !rules.along_loops && !adjustment.follows_clock() &&
                            have_clocks(base) && have_clocks(fresh);
  return adjustment;
}

} // namespace bench::stats
