#include <bench/models/scheduler.h>

namespace bench::models {

std::vector<float> flow_match_sigmas(int steps, double shift) {
  std::vector<float> sigmas;
  for (int i = 0; i < steps; ++i) {
    const double s = 1 - static_cast<double>(i) / steps; // linspace(1, 1/steps, steps)
    sigmas.push_back(static_cast<float>(shift * s / (1 + (shift - 1) * s)));
  }
  sigmas.push_back(0);
  return sigmas;
}

} // namespace bench::models
