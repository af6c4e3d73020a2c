#include <bench/stats/variance.h>

#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace bench::stats {
namespace {

/// How seldom a right prior is dropped: 1 - this.
constexpr double kPriorHolds = 0.995;

/// Of the normal distribution below three standard deviations.
constexpr double kBelowThreeSigma = 0.9986501019683699;

} // namespace

double student_quantile(double p, double df) {
  // Without long double, in which its series take several times as long.
  using Policy = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  return boost::math::quantile(boost::math::students_t_distribution<double, Policy>(df), p);
}

double fisher_quantile(double p, double df_above, double df_below) {
  return boost::math::quantile(boost::math::fisher_f(df_above, df_below), p);
}

double three_sigma(double df) {
  return student_quantile(kBelowThreeSigma, df);
}

Variance moderated(const Variance& seen, const Variance& prior) {
  if (prior.df <= 0)
    return seen;
  if (seen.df <= 0)
    return prior;
  if (seen.value > prior.value * fisher_quantile(kPriorHolds, seen.df, prior.df))
    return seen;
  const double df = seen.df + prior.df;
  return {(seen.df * seen.value + prior.df * prior.value) / df, df};
}

double half_width(std::span<const Variance> terms, double confidence) {
  if (!(confidence > 0 && confidence < 1))
    throw std::invalid_argument("a confidence must be between 0 and 1");
  double sum = 0;
  double spread = 0;
  for (const Variance& term : terms) {
    if (term.df <= 0)
      return std::numeric_limits<double>::infinity();
    sum += term.value;
    spread += term.value * term.value / term.df;
  }
  if (sum == 0)
    return 0;
  // Squares of variances can underflow to 0; then they are as good as known.
  const double df = spread > 0 ? sum * sum / spread : std::numeric_limits<double>::infinity();
  return student_quantile((1 + confidence) / 2, df) * std::sqrt(sum);
}

} // namespace bench::stats
