#pragma once

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

namespace bench::stats {

/// "1.25 %": the relative size of a drift of logarithms, without its sign.
inline std::string percent(double log_drift) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f %%", 100 * std::expm1(std::abs(log_drift)));
  return text.data();
}

} // namespace bench::stats
