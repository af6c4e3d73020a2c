#pragma once

#include <bench/stats/observation.h>

#include <functional>
#include <vector>

namespace bench::stats {

using Replicates = std::vector<const Observation*>;

/// The difference of two arms in one value of their replicates.
struct Contrast {
  double base = 0;     ///< mean over the base's GPUs of the means of their replicates
  double estimate = 0; ///< fresh less base
  double squares = 0;  ///< of the replicates' deviations from what is fitted
  double df = 0;
  double base_devices = 0;
  double fresh_devices = 0;
  double share = 0;      ///< variance of the estimate, in variances of a replicate
  double base_share = 0; ///< the base's part of it
};

using ValueOf = std::function<double(const Observation&)>;

/// By the means of the arms over their GPUs.
Contrast contrast(const Replicates& base, const Replicates& fresh, const ValueOf& value);

} // namespace bench::stats
