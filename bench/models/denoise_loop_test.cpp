#include <bench/models/denoise_loop.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>

#include <gtest/gtest.h>

namespace bench::models {
namespace {

class DenoiseLoopTest : public testing::Test {
 protected:
  device::Digest run(const scenario::LoopSpec& spec, const char* path = "aten",
                     std::uint64_t seed = 3) {
    scenario::ModelSpec model = tiny_model();
    model.seed = seed;
    const auto network = build(model, *device_);
    network->use({{"rms_norm", path}});
    DenoiseLoop loop(*network, model, spec, *device_);
    flop_ = loop.flop_per_step();
    loop.begin();
    for (int i = 0; i < loop.steps(); ++i) {
      loop.set_step(i);
      loop.step();
    }
    return loop.digest();
  }
  std::unique_ptr<device::Device> device_ = device::open_device(scenario::DeviceKind::cpu);
  double flop_ = 0;
};

TEST_F(DenoiseLoopTest, IsReproducibleAndDependsOnItsInputs) {
  const scenario::LoopSpec spec{.steps = 2};
  const auto first = run(spec);
  EXPECT_TRUE(first.finite);
  EXPECT_EQ(run(spec).checksum, first.checksum);
  EXPECT_NE(run(spec, "aten", 4).checksum, first.checksum);
  EXPECT_NE(run({.steps = 3}).checksum, first.checksum);
  EXPECT_NE(run({.steps = 2, .shift = 6}).checksum, first.checksum);
}

TEST_F(DenoiseLoopTest, PathsAgreeUpToRounding) {
  const scenario::LoopSpec spec{.steps = 2};
  EXPECT_NEAR(run(spec, "decomposed").rms, run(spec, "aten").rms, 1e-4);
}

TEST_F(DenoiseLoopTest, GuidanceCostsASecondForward) {
  const auto plain = run({.steps = 2});
  const double one = flop_;
  const auto guided = run({.steps = 2, .guidance = 5, .negative_text_tokens = 20});
  EXPECT_DOUBLE_EQ(flop_, 2 * one);
  EXPECT_TRUE(guided.finite);
  EXPECT_NE(guided.checksum, plain.checksum);
}

TEST_F(DenoiseLoopTest, AnUnknownPathIsRefused) {
  EXPECT_THROW(run({.steps = 1}, "no-such-path"), std::exception);
}

} // namespace
} // namespace bench::models
