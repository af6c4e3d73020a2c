#pragma once

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

namespace bench::stats {

/// "1.25 %": the relative size of a drift of logarithms, without its sign: of log(1/2) it is 50 %.
inline std::string percent(double log_drift) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f %%", 100 * std::abs(std::expm1(log_drift)));
  return text.data();
}

} // namespace bench::stats
