#pragma once

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

namespace bench::stats {

/// "1.25 %" of 0.0125; "> 1000 %" where nobody reads the digits.
inline std::string percent_of(double share) {
  if (share > 10)
    return "> 1000 %";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f %%", 100 * share);
  return text.data();
}

/// "1.25 %": the relative size of a drift of logarithms, without its sign: of log(1/2) it is 50 %.
inline std::string percent(double log_drift) {
  return percent_of(std::abs(std::expm1(log_drift)));
}

/// Half the width of the interval exp(estimate +- half_width): "0.06 %".
inline std::string half_width_percent(double estimate, double half_width) {
  return percent_of(std::exp(estimate) * std::sinh(half_width));
}

} // namespace bench::stats
