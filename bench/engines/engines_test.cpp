#include <bench/engines/engine.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>

#include <gtest/gtest.h>

namespace bench::engines {
namespace {

scenario::LoopSpec loop_of(int steps) {
  scenario::LoopSpec spec;
  spec.steps = steps;
  return spec;
}

TEST(Engines, SayWhereTheyRun) {
  EXPECT_EQ(find("eager")->why_unavailable(scenario::DeviceKind::cpu), "");
  EXPECT_NE(find("graph")->why_unavailable(scenario::DeviceKind::cpu), "");
  EXPECT_EQ(find("graph")->why_unavailable(scenario::DeviceKind::cuda), "");
  EXPECT_EQ(find("warp drive"), nullptr);
  for (const Engine& engine :
       all()) // those of other processes, and no other, are not prepared here
    EXPECT_EQ(engine.prepare == nullptr, engine.name == scenario::kWorkerEngine) << engine.name;
}

TEST(Engines, EveryEngineComputesTheSameLatents) {
  const auto device = device::open_device(scenario::DeviceKind::cpu);
  for (const std::string name : {"z_image", "qwen_image", "qwen_image_edit", "flux1", "flux2"}) {
    const scenario::ModelSpec model = models::tiny_model(name);
    const auto network = models::build(model, *device);
    models::DenoiseLoop loop(*network, model, loop_of(3), *device);
    const auto run = [&](const Engine& engine) {
      const auto prepared = engine.prepare(loop, *device);
      EXPECT_EQ(prepared->steps(), 3);
      prepared->begin();
      for (int i = 0; i < 3; ++i)
        prepared->step(i);
      return loop.digest();
    };
    const device::Digest reference = run(*find("eager"));
    EXPECT_TRUE(reference.finite);
    EXPECT_GT(reference.rms, 0);
    // On a CPU a recording is a call, so the graph engine's logic runs too.
    for (const Engine& engine : all()) {
      if (!engine.prepare) // another process does
        continue;
      EXPECT_EQ(run(engine).checksum, reference.checksum) << name << " " << engine.name;
    }
  }
}

TEST(MatmulPeak, IsPositiveOnACpu) {
  const auto device = device::open_device(scenario::DeviceKind::cpu);
  const auto peak = matmul_peak(*device, scenario::DType::fp32);
  ASSERT_TRUE(peak);
  EXPECT_GT(peak->flop_per_s, 1e8);
  EXPECT_FALSE(peak->f_hz);
}

} // namespace
} // namespace bench::engines
