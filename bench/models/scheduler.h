#pragma once

#include <cstdint>
#include <vector>

namespace bench::models {

/// Noise levels of a flow-match Euler schedule: steps + 1 values from 1 down to 0, of diffusers'
/// FlowMatchEulerDiscreteScheduler: linspace(1, 1/steps) shifted by s -> shift * s / (1 + (shift -
/// 1) * s), then 0. steps >= 1, shift > 0. With `terminal` > 0 they are stretched so that the last
/// before 0 is `terminal`.
std::vector<float> flow_match_sigmas(int steps, double shift, double terminal = 0);

/// The shift e^mu of a schedule that depends on the image's tokens: mu is linear in them,
/// base_shift at 256 tokens and max_shift at max_tokens (FLUX.1 and Qwen-Image pipelines,
/// calculate_shift).
double linear_shift(std::int64_t tokens, double base_shift, double max_shift,
                    std::int64_t max_tokens);

/// The shift e^mu of FLUX.2, which depends on tokens and steps (its pipeline,
/// compute_empirical_mu).
double empirical_shift(std::int64_t tokens, int steps);

} // namespace bench::models
