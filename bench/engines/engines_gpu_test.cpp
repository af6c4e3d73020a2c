#include <bench/engines/engine.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>

#include <ATen/TensorOperators.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

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

/// A tiny model of each family in bf16 for the kernels of path fused.
class FamiliesOnGpu : public testing::Test {
 protected:
  static scenario::ModelSpec tiny(const models::Family& family, std::int64_t size,
                                  std::int64_t batch) {
    scenario::ModelSpec model = models::tiny_model(family.catalog.name);
    model.width = model.height = size;
    model.batch = batch;
    model.dtype = scenario::DType::bf16;
    model.architecture["head_width"] = 128;
    // Of two heads Z-Image's feed-forward, 8/3 as wide, would be no multiple of 16 bytes, and none
    // of linear_swiglu's kernel.
    model.architecture["heads"] = 3;
    return model;
  }
  /// What the first step adds to the latents of `loop`.
  at::Tensor first_step(models::DenoiseLoop& loop, const char* engine) {
    const auto prepared = find(engine)->prepare(loop, *device_);
    prepared->begin();
    const at::Tensor before = loop.latents();
    prepared->step(0);
    return loop.latents() - before;
  }
  /// Two first steps are one but for roundings, of which a forward's come to 0.4 to 0.7 % where a
  /// CPU computes fused's operators in fp32. `gain`: error_gain.
  static void expect_alike(const at::Tensor& step, const at::Tensor& expected, double gain) {
    EXPECT_LT((step - expected).norm().item<double>(),
              0.012 * gain * expected.norm().item<double>());
  }

  std::unique_ptr<device::Device> device_ = device::open_device(scenario::DeviceKind::cuda);
};

/// Graph and eager compute the same bytes, and what the first step adds on each path is what it
/// adds on aten, but for roundings.
TEST_F(FamiliesOnGpu, EnginesAndPathsAgree) {
  for (const models::Family& family : models::families())
    for (const std::int64_t batch : {1, 2}) {
      SCOPED_TRACE(family.catalog.name + " batch " + std::to_string(batch));
      const scenario::ModelSpec model = tiny(family, 256, batch);
      const scenario::LoopSpec spec{
          .steps = 4, .guidance = 2, .negative_text_tokens = 6, .shift = 0};
      const auto network = models::build(model, *device_);
      models::DenoiseLoop loop(*network, model, spec, *device_);
      at::Tensor expected;
      for (const char* path : {"aten", "decomposed", "cuda", "fused"}) {
        SCOPED_TRACE(path);
        network->use({{"rms_norm", path}});
        const at::Tensor step = first_step(loop, "eager");
        EXPECT_TRUE(first_step(loop, "graph").equal(step));
        if (!expected.defined())
          expected = step;
        expect_alike(step, expected, models::error_gain(network->guidance(), spec));
      }
    }
}

/// The sizes of scenarios/README.md beside 1024x1024 and batch 1: up to 82,000 rows.
TEST_F(FamiliesOnGpu, FusedAgreesWithAtenAtOtherSizesAndBatches) {
  for (const models::Family& family : models::families())
    for (const std::int64_t size : {512, 2048})
      for (const std::int64_t batch : {1, 4}) {
        SCOPED_TRACE(family.catalog.name + " " + std::to_string(size) + " batch " +
                     std::to_string(batch));
        scenario::ModelSpec model = tiny(family, size, batch);
        if (family.catalog.edits)
          model.picture_width = model.picture_height = 1024;
        const auto network = models::build(model, *device_);
        models::DenoiseLoop loop(*network, model, {.steps = 4, .shift = 0}, *device_);
        network->use({{"rms_norm", "aten"}});
        const at::Tensor expected = first_step(loop, "eager");
        network->use({{"rms_norm", "fused"}});
        expect_alike(first_step(loop, "graph"), expected, 1);
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

/// Z-Image as published: what a stamp between its steps costs, from loops with many and with none
/// in turn, read at one clock along the line that the pairs' own differences lie on. One stamp
/// costs less than two loops differ by chance.
TEST(StampsOnGpu, CostALoopLessThanTwoInTenThousand) {
  constexpr int kStamps = 16, kPairs = 20;
  const auto device = device::open_device(scenario::DeviceKind::cuda);
  scenario::ModelSpec model = small();
  model.width = model.height = 1024;
  const auto& families = models::families();
  model.architecture = std::ranges::find(families, "z_image", [](const models::Family& family) {
                         return family.catalog.name;
                       })->catalog.architecture;
  const auto network = models::build(model, *device);
  network->use({{"rms_norm", "fused"}});
  scenario::LoopSpec spec;
  spec.steps = 9;
  models::DenoiseLoop loop(*network, model, spec, *device);
  const auto prepared = find("graph")->prepare(loop, *device);
  const auto marker = device->make_marker();

  struct Point {
    double log_t = 0, log_f = 0;
  };
  const auto whole_loop = [&](int stamps) {
    prepared->begin();
    marker->mark();
    for (int i = 0; i < spec.steps; ++i) {
      prepared->step(i);
      for (int n = 0; n < stamps; ++n)
        marker->mark();
    }
    marker->mark();
    double seconds = 0, cycles = 0;
    for (const measure::Span& span : marker->take()) {
      EXPECT_TRUE(span.valid);
      seconds += span.t_s;
      cycles += span.t_s * span.f_hz;
    }
    return Point{std::log(seconds), std::log(cycles / seconds)};
  };
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < std::chrono::seconds(3))
    whole_loop(0);

  std::vector<Point> differences;
  for (int i = 0; i < kPairs; ++i) {
    const bool marked_first = i % 2 == 0;
    const Point first = whole_loop(marked_first ? kStamps : 0),
                second = whole_loop(marked_first ? 0 : kStamps);
    const Point &marked = marked_first ? first : second, &bare = marked_first ? second : first;
    differences.push_back({marked.log_t - bare.log_t, marked.log_f - bare.log_f});
  }
  Point mean;
  for (const Point& d : differences)
    mean = {mean.log_t + d.log_t / kPairs, mean.log_f + d.log_f / kPairs};
  double tf = 0, ff = 0, residuals = 0;
  for (const Point& d : differences) {
    tf += (d.log_t - mean.log_t) * (d.log_f - mean.log_f);
    ff += (d.log_f - mean.log_f) * (d.log_f - mean.log_f);
  }
  const double slope = tf / ff, of_all = mean.log_t - slope * mean.log_f;
  for (const Point& d : differences)
    residuals += std::pow(d.log_t - of_all - slope * d.log_f, 2);
  const double cost = of_all / kStamps;
  const double error =
      std::sqrt(residuals / (kPairs - 2) * (1.0 / kPairs + mean.log_f * mean.log_f / ff)) / kStamps;
  RecordProperty("cost_percent", std::to_string(100 * cost));
  RecordProperty("standard_error_percent", std::to_string(100 * error));
  EXPECT_LT(error, 0.4e-4) << "too noisy to tell";
  EXPECT_LT(std::abs(cost), 2e-4) << "+- " << error;
  std::printf("a stamp a step costs %.4f %% of a loop, standard error %.4f %%, slope %.2f\n",
              100 * cost, 100 * error, slope);
}

TEST_F(EnginesOnGpu, TheMatrixPeakIsAnH200s) {
  const auto peak = matmul_peak(*device_, scenario::DType::bf16);
  ASSERT_TRUE(peak && peak->f_hz);
  EXPECT_GT(peak->flop_per_s, 300e12);
  EXPECT_LT(peak->flop_per_s, 1000e12);
  EXPECT_GT(*peak->f_hz, 0.5e9);
  EXPECT_LT(*peak->f_hz, 2.1e9);
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
