#pragma once

#include <vector>

namespace bench::models {

/// Noise levels of a flow-match Euler schedule: steps + 1 values from 1 down to 0, of diffusers'
/// FlowMatchEulerDiscreteScheduler with a fixed shift: linspace(1, 1/steps) shifted by
/// s -> shift * s / (1 + (shift - 1) * s), then 0. steps >= 1, shift > 0.
std::vector<float> flow_match_sigmas(int steps, double shift);

} // namespace bench::models
