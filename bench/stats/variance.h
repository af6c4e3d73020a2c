#pragma once

#include <span>

/// Variances that are estimates themselves, and the intervals that follow from them.
namespace bench::stats {

/// df: degrees of freedom that the estimate rests on. 0: nothing is known; infinity: it is known.
struct Variance {
  double value = 0;
  double df = 0;
};

/// Student's quantile: `p` in (0, 1), `df` > 0; infinity gives the normal distribution's.
double student_quantile(double p, double df);

/// Fisher's quantile.
double fisher_quantile(double p, double df_above, double df_below);

/// As many standard deviations as Student's distribution takes to leave out what three leave out of
/// the normal distribution: 3 for many degrees of freedom, 235.8 for one.
double three_sigma(double df);

/// The mean of both, weighted with their degrees of freedom, which add up. Where `seen` is so far
/// above the prior that chance does so once in two hundred times the prior is dropped.
Variance moderated(const Variance& seen, const Variance& prior);

/// Half the width of the interval around an estimate whose variance is the sum of these terms, with
/// Satterthwaite's degrees of freedom. Infinity where a term has none.
double half_width(std::span<const Variance> terms, double confidence);

} // namespace bench::stats
