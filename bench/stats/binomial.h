#pragma once

namespace bench::stats {

struct Bounds {
  double low = 0;
  double high = 1;
};

/// Clopper and Pearson's exact interval of a share seen in `successes` of `trials` that are
/// independent. std::invalid_argument unless 0 <= successes <= trials and 0 < confidence < 1.
Bounds clopper_pearson(int successes, int trials, double confidence = 0.95);

} // namespace bench::stats
