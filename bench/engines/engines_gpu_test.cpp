#include <bench/engines/engine.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>

#include <ATen/TensorOperators.h>

#include <gtest/gtest.h>

namespace bench::engines {
namespace {

scenario::ModelSpec small() {
  return {.name = "z_image",
          .width = 256,
          .height = 256,
          .text_tokens = 32,
          .dtype = scenario::DType::bf16,
          .weights = "random",
          .seed = 3,
          .architecture = {{"layers", 2},
                           {"refiner_layers", 1},
                           {"heads", 4},
                           {"head_width", 128},
                           {"caption_width", 256}}};
}

class EnginesOnGpu : public testing::Test {
 protected:
  void SetUp() override {
    device_ = device::open_device(scenario::DeviceKind::cuda);
    network_ = models::build(small(), *device_);
    spec_.steps = 4;
    loop_ = std::make_unique<models::DenoiseLoop>(*network_, small(), spec_, *device_);
  }
  device::Digest run(PreparedLoop& prepared) {
    prepared.begin();
    for (int i = 0; i < prepared.steps(); ++i)
      prepared.step(i);
    return loop_->digest();
  }
  std::unique_ptr<device::Device> device_;
  std::unique_ptr<models::Denoiser> network_;
  scenario::LoopSpec spec_;
  std::unique_ptr<models::DenoiseLoop> loop_;
};

TEST_F(EnginesOnGpu, GraphAndEagerComputeTheSameBytes) {
  for (const char* path : {"aten", "decomposed"}) {
    network_->use({{"rms_norm", path}});
    const auto eager = find("eager")->prepare(*loop_, *device_);
    const auto graph = find("graph")->prepare(*loop_, *device_);
    const device::Digest expected = run(*eager);
    EXPECT_TRUE(expected.finite);
    EXPECT_GT(expected.rms, 0.1);
    EXPECT_EQ(run(*graph).checksum, expected.checksum) << path;
    EXPECT_EQ(run(*graph).checksum, expected.checksum) << "a second loop starts afresh";
    EXPECT_EQ(graph->kernels(), eager->kernels());
  }
}

/// Of a tiny model of each family in bf16: graph and eager compute the same bytes, and what the
/// first step adds on each path is what it adds on aten, but for roundings.
TEST(FamiliesOnGpu, EnginesAndPathsAgree) {
  const auto device = device::open_device(scenario::DeviceKind::cuda);
  for (const std::string name : {"qwen_image", "qwen_image_edit", "flux1", "flux2"})
    for (const std::int64_t batch : {1, 2}) {
      SCOPED_TRACE(name + " batch " + std::to_string(batch));
      scenario::ModelSpec model = models::tiny_model(name);
      model.width = model.height = 256;
      model.batch = batch;
      model.dtype = scenario::DType::bf16;
      model.architecture["head_width"] = 128;
      const scenario::LoopSpec spec{
          .steps = 4, .guidance = 4, .negative_text_tokens = 6, .shift = 0};
      const auto network = models::build(model, *device);
      models::DenoiseLoop loop(*network, model, spec, *device);
      const auto first_step = [&](PreparedLoop& prepared) {
        prepared.begin();
        const at::Tensor before = loop.latents();
        prepared.step(0);
        return loop.latents() - before;
      };
      at::Tensor expected;
      for (const char* path : {"aten", "decomposed", "cuda", "fused"}) {
        network->use({{"rms_norm", path}});
        const auto eager = find("eager")->prepare(loop, *device);
        const auto graph = find("graph")->prepare(loop, *device);
        const at::Tensor step = first_step(*eager);
        EXPECT_TRUE(first_step(*graph).equal(step)) << path;
        if (!expected.defined())
          expected = step;
        EXPECT_LT((step - expected).norm().item<double>(), 0.03 * expected.norm().item<double>())
            << path;
      }
    }
}

TEST_F(EnginesOnGpu, KernelsOfAStepAreCountedByName) {
  std::int64_t launches[2] = {0, 0};
  int i = 0;
  for (const char* path : {"aten", "decomposed"}) {
    network_->use({{"rms_norm", path}});
    for (const auto& [name, count] : find("graph")->prepare(*loop_, *device_)->kernels()) {
      EXPECT_NE(name, "[unknown]");
      launches[i] += count;
    }
    ++i;
  }
  // 4 blocks with 6 norms each and the caption's: 8 kernels instead of 1, less the copies that
  // at::rms_norm makes of strided q and k.
  EXPECT_GT(launches[1], launches[0] + 25 * 6);
  EXPECT_GT(launches[0], 50);
}

TEST_F(EnginesOnGpu, TheMatrixPeakIsAnH200s) {
  const double peak = matmul_peak(*device_, scenario::DType::bf16);
  EXPECT_GT(peak, 300e12);
  EXPECT_LT(peak, 1000e12);
}

TEST_F(EnginesOnGpu, TooLittleMemoryIsSaidBeforeAnythingIsAllocated) {
  scenario::ModelSpec huge = small();
  huge.architecture["heads"] = 480;
  huge.architecture["layers"] = 60;
  try {
    models::build(huge, *device_);
    FAIL() << "no error";
  } catch (const std::exception& e) {
    EXPECT_NE(std::string(e.what()).find("GiB are free"), std::string::npos) << e.what();
  }
}

} // namespace
} // namespace bench::engines
