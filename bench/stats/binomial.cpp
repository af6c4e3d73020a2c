#include <bench/stats/binomial.h>

#include <boost/math/distributions/binomial.hpp>

#include <stdexcept>

namespace bench::stats {

Bounds clopper_pearson(int successes, int trials, double confidence) {
  if (!(successes >= 0 && successes <= trials && confidence > 0 && confidence < 1)) {
    throw std::invalid_argument(
        "a share wants 0 to all successes and a confidence between 0 and 1");
  }
  if (trials == 0)
    return {};
  using Binomial = boost::math::binomial_distribution<>;
  const double tail = (1 - confidence) / 2;
  return {Binomial::find_lower_bound_on_p(trials, successes, tail),
          Binomial::find_upper_bound_on_p(trials, successes, tail)};
}

} // namespace bench::stats
