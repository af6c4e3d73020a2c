#include <bench/models/scheduler.h>

#include <gtest/gtest.h>

#include <cstddef>

namespace bench::models {
namespace {

TEST(FlowMatchSigmas, RunFromOneToZero) {
  const auto sigmas = flow_match_sigmas(4, 1.0);
  ASSERT_EQ(sigmas.size(), 5u);
  EXPECT_FLOAT_EQ(sigmas[0], 1);
  EXPECT_FLOAT_EQ(sigmas[1], 0.75);
  EXPECT_FLOAT_EQ(sigmas[3], 0.25);
  EXPECT_FLOAT_EQ(sigmas[4], 0);
}

TEST(FlowMatchSigmas, ShiftSpendsMoreStepsOnNoise) {
  // 3 * .5 / (1 + 2 * .5) = .75
  EXPECT_FLOAT_EQ(flow_match_sigmas(2, 3.0)[1], 0.75);
  EXPECT_FLOAT_EQ(flow_match_sigmas(9, 3.0)[0], 1);
  EXPECT_EQ(flow_match_sigmas(1, 3.0), (std::vector<float>{1, 0}));
}

TEST(FlowMatchSigmas, AreThoseOfDiffusers) {
  // FlowMatchEulerDiscreteScheduler(shift).set_timesteps(n, sigmas=linspace(1, 1/n, n)), diffusers
  // 0.42.1
  struct Known {
    int steps;
    double shift;
    float second, middle, last;
  };
  for (const Known& k : {Known{9, 3.0, 0.96f, 0.7894737f, 0.2727273f},
                         Known{50, 6.0, 0.9966102f, 0.8571429f, 0.1090909f}}) {
    const auto sigmas = flow_match_sigmas(k.steps, k.shift);
    const auto n = static_cast<std::size_t>(k.steps);
    EXPECT_FLOAT_EQ(sigmas[1], k.second);
    EXPECT_FLOAT_EQ(sigmas[n / 2], k.middle);
    EXPECT_FLOAT_EQ(sigmas[n - 1], k.last);
  }
}

} // namespace
} // namespace bench::models
