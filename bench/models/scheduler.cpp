#include <bench/models/scheduler.h>

#include <cmath>

namespace bench::models {

std::vector<float> flow_match_sigmas(int steps, double shift, double terminal) {
  std::vector<double> shifted;
  for (int i = 0; i < steps; ++i) {
    const double s = 1 - static_cast<double>(i) / steps; // linspace(1, 1/steps, steps)
    shifted.push_back(shift * s / (1 + (shift - 1) * s));
  }
  // A single step begins at 1 and cannot end elsewhere.
  if (const double last = shifted.back(); terminal > 0 && last < 1)
    for (double& s : shifted)
      s = 1 - (1 - s) * (1 - terminal) / (1 - last);
  std::vector<float> sigmas(shifted.begin(), shifted.end());
  sigmas.push_back(0);
  return sigmas;
}

double linear_shift(std::int64_t tokens, double base_shift, double max_shift,
                    std::int64_t max_tokens) {
  constexpr std::int64_t kBaseTokens = 256;
  const double slope = (max_shift - base_shift) / static_cast<double>(max_tokens - kBaseTokens);
  return std::exp(base_shift + slope * static_cast<double>(tokens - kBaseTokens));
}

double empirical_shift(std::int64_t tokens, int steps) {
  // Two lines, fitted by the publisher at 200 and at 10 steps; between them it interpolates.
  const auto n = static_cast<double>(tokens);
  const double at_200 = 0.00016927 * n + 0.45666666, at_10 = 8.73809524e-05 * n + 1.89833333;
  if (tokens > 4300)
    return std::exp(at_200);
  const double slope = (at_200 - at_10) / 190;
  return std::exp(at_200 + slope * (steps - 200));
}

} // namespace bench::models
