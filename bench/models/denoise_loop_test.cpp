#include <bench/models/denoise_loop.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/randn.h>

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

TEST(ErrorGain, IsWhatTwoForwardsWeighInTheGuidedVelocity) {
  const auto gain = [](Guidance kind, double scale) {
    return error_gain(kind, {.steps = 1, .guidance = scale});
  };
  EXPECT_EQ(gain(Guidance::embedded, 4), 1);
  EXPECT_EQ(gain(Guidance::plain, 0), 1);
  EXPECT_EQ(gain(Guidance::plain, 1), 1); // the forward with the caption alone
  EXPECT_EQ(gain(Guidance::token_norm, 4), 5);
  EXPECT_DOUBLE_EQ(gain(Guidance::bounded_norm, 3), 5);
}

TEST_F(DenoiseLoopTest, AnUnknownPathIsRefused) {
  EXPECT_THROW(run({.steps = 1}, "no-such-path"), std::exception);
}

/// Latents after a loop of `model`, and what it cost.
struct Outcome {
  at::Tensor latents;
  int forwards = 0;
  double flop = 0;
};

Outcome denoise(const scenario::ModelSpec& model, const scenario::LoopSpec& spec,
                const char* path = "aten") {
  const auto device = device::open_device(scenario::DeviceKind::cpu);
  const auto network = build(model, *device);
  network->use({{"rms_norm", path}});
  DenoiseLoop loop(*network, model, spec, *device);
  loop.begin();
  for (int i = 0; i < loop.steps(); ++i) {
    loop.set_step(i);
    loop.step();
  }
  return {.latents = loop.latents(),
          .forwards = loop.forwards_per_step(),
          .flop = loop.flop_per_step()};
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).norm().item<double>() / b.norm().item<double>();
}

TEST(DenoiseLoop, EveryFamilyIsReproducibleAndItsPathsAgree) {
  for (const std::string name : {"qwen_image", "qwen_image_edit", "flux1", "flux2"}) {
    const scenario::LoopSpec spec{
        .steps = 2, .guidance = 3.5, .negative_text_tokens = 6, .shift = 0};
    const Outcome first = denoise(tiny_model(name), spec);
    EXPECT_TRUE(at::isfinite(first.latents).all().item<bool>()) << name;
    EXPECT_EQ(distance(denoise(tiny_model(name), spec).latents, first.latents), 0) << name;
    EXPECT_LT(distance(denoise(tiny_model(name), spec, "decomposed").latents, first.latents), 1e-5)
        << name;
    scenario::LoopSpec other = spec;
    other.guidance = 4;
    EXPECT_GT(distance(denoise(tiny_model(name), other).latents, first.latents), 1e-5) << name;
  }
}

TEST(DenoiseLoop, EmbeddedGuidanceCostsNoSecondForward) {
  const Outcome embedded = denoise(tiny_model("flux1"), {.steps = 1, .guidance = 3.5});
  EXPECT_EQ(embedded.forwards, 1);
  scenario::ModelSpec klein = tiny_model("flux2");
  klein.architecture["guidance_embeds"] = 0;
  EXPECT_EQ(denoise(klein, {.steps = 1}).forwards, 1);
  const Outcome guided =
      denoise(klein, {.steps = 1, .guidance = 4, .negative_text_tokens = klein.text_tokens});
  EXPECT_EQ(guided.forwards, 2);
  EXPECT_DOUBLE_EQ(guided.flop, 2 * denoise(klein, {.steps = 1}).flop);
}

TEST(DenoiseLoop, QwenImagesGuidanceKeepsTheLengthOfEveryToken) {
  // One step from noise level 1 to 0 takes the whole velocity off the noise.
  const scenario::ModelSpec model = tiny_model("qwen_image");
  const auto velocity = [&](const Outcome& o) {
    const at::Tensor noise =
        at::randn({1, 16, 64}, at::make_generator<at::CPUGeneratorImpl>(model.seed));
    return noise - o.latents;
  };
  const at::Tensor plain = velocity(denoise(model, {.steps = 1}));
  const Outcome outcome = denoise(model, {.steps = 1, .guidance = 4, .negative_text_tokens = 6});
  const at::Tensor guided = velocity(outcome);
  EXPECT_EQ(outcome.forwards, 2);
  EXPECT_GT(distance(guided, plain), 1e-3);
  EXPECT_LT(distance(guided.norm(2, 2), plain.norm(2, 2)), 1e-5);
}

/// As long as those of scenarios/qwen_image.yaml and qwen_image_edit.yaml.
TEST(DenoiseLoop, EachOfTwoForwardsRunsOverItsOwnCaption) {
  using Tokens = std::vector<std::int64_t>;
  const auto device = device::open_device(scenario::DeviceKind::cpu);
  for (const auto& [name, captions] :
       {std::pair("qwen_image", Tokens{26, 6}), std::pair("qwen_image_edit", Tokens{212, 209})}) {
    scenario::ModelSpec model = tiny_model(name);
    model.text_tokens = captions[0];
    const auto network = build(model, *device);
    Tokens shown; // rows of the text's stream
    network->watch([&](const std::string& block, const at::Tensor& rows) {
      if (block == "transformer_blocks.0.text")
        shown.push_back(rows.size(0));
    });
    DenoiseLoop loop(*network, model,
                     {.steps = 1, .guidance = 4, .negative_text_tokens = captions[1]}, *device);
    loop.begin();
    loop.set_step(0);
    loop.step();
    EXPECT_EQ(shown, captions) << name;
  }
}

TEST(DenoiseLoop, ThePictureToEditMatters) {
  scenario::ModelSpec model = tiny_model("qwen_image_edit");
  const at::Tensor small = denoise(model, {.steps = 1}).latents;
  model.picture_height = 64;
  EXPECT_GT(distance(denoise(model, {.steps = 1}).latents, small), 1e-3);
}

TEST(DenoiseLoop, TheImagesOfABatchAreThoseOfSingleLoops) {
  const auto device = device::open_device(scenario::DeviceKind::cpu);
  const scenario::LoopSpec spec{.steps = 2, .guidance = 3.5, .negative_text_tokens = 6};
  const auto expect_alike = [&](const scenario::ModelSpec& batch) {
    SCOPED_TRACE(batch.name);
    const Outcome together = denoise(batch, spec);
    ASSERT_EQ(together.latents.size(0), 3);
    EXPECT_GT(distance(together.latents[1], together.latents[0]), 0.1);
    const auto network = build(batch, *device);
    DenoiseLoop loop(*network, batch, spec, *device);
    loop.begin();
    const at::Tensor noise = loop.latents();
    scenario::ModelSpec single = batch;
    single.batch = 1;
    const auto alone = build(single, *device);
    DenoiseLoop own(*alone, single, spec, *device);
    EXPECT_GT(together.flop, 2 * own.flop_per_step());
    EXPECT_LT(together.flop, 3 * own.flop_per_step());
    for (std::int64_t i = 0; i < 3; ++i) {
      own.begin(noise.narrow(0, i, 1));
      for (int step = 0; step < own.steps(); ++step) {
        own.set_step(step);
        own.step();
      }
      EXPECT_LT(distance(own.latents()[0], together.latents[i]), 1e-5) << "image " << i;
    }
  };
  for (const std::string name : {"z_image", "qwen_image", "qwen_image_edit", "flux1", "flux2"}) {
    scenario::ModelSpec model = tiny_model(name);
    model.batch = 3;
    expect_alike(model);
    if (name == "qwen_image_edit") {
      model.architecture["zero_cond_t"] = 0;
      expect_alike(model);
    }
  }
}

} // namespace
} // namespace bench::models
