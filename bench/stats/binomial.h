#pragma once

namespace bench::stats {

struct Bounds {
  double low = 0;
  double high = 1;
};

/// Clopper and Pearson's exact interval of a share seen in `successes` of `trials`. A number of
/// successes that is no integer, a mean over several ways to draw the trials, is taken as it is.
/// std::invalid_argument unless 0 <= successes <= trials and 0 < confidence < 1.
Bounds clopper_pearson(double successes, double trials, double confidence = 0.95);

} // namespace bench::stats
