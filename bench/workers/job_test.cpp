#include <bench/device/device.h>
#include <bench/models/denoise_loop.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>
#include <bench/workers/job.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bench::workers {
namespace {

using Json = nlohmann::json;

scenario::LoopCase tiny_loop(const std::string& model) {
  scenario::LoopCase loop;
  loop.model = models::tiny_model(model);
  loop.loop = "a";
  loop.spec = {.steps = 3, .guidance = 4, .negative_text_tokens = 6, .shift = 0};
  loop.engine = "worker";
  return loop;
}

TEST(Job, SaysWhatTheDenoiseLoopDoes) {
  const auto device = device::open_device(scenario::DeviceKind::cpu);
  for (const models::Family& family : models::families()) {
    const scenario::LoopCase loop = tiny_loop(family.catalog.name);
    const auto network = models::build(loop.model, *device);
    const models::DenoiseLoop denoise(*network, loop.model, loop.spec, *device);
    const Job job = make_job(loop, scenario::DeviceKind::cpu);
    EXPECT_EQ(job.text.find('\n'), std::string::npos);
    EXPECT_EQ(job.flop_per_step, denoise.flop_per_step());
    EXPECT_EQ(job.forwards_per_step, denoise.forwards_per_step());
    const Json json = Json::parse(job.text);
    EXPECT_EQ(json["forwards_per_step"], denoise.forwards_per_step());
    EXPECT_EQ(json["device"], "cpu");
    EXPECT_EQ(json["loop"]["steps"], 3);
    EXPECT_EQ(json["model"]["name"], family.catalog.name);
    EXPECT_EQ(json["inputs"]["latents"], network->latent_shape());
    EXPECT_EQ(json["sigmas"].get<std::vector<float>>(), network->sigmas(3, 0));
    EXPECT_EQ(json["times"][1].get<float>(), network->time_of(network->sigmas(3, 0)[1]));
    std::int64_t parameters = 0;
    for (const Json& p : json["parameters"]) {
      std::int64_t size = 1;
      for (const Json& n : p[1])
        size *= n.get<std::int64_t>();
      parameters += size;
    }
    EXPECT_EQ(parameters, network->parameters());
  }
}

TEST(Job, WithoutAModel) {
  scenario::LoopCase loop = tiny_loop("z_image");
  loop.model = {};
  const Job job = make_job(loop, scenario::DeviceKind::cuda);
  EXPECT_EQ(Json::parse(job.text), Json::parse(R"({"device": "cuda", "loop": {"name": "a",
      "steps": 3, "guidance": 4.0, "negative_text_tokens": 6, "shift": 0.0}})"));
  EXPECT_EQ(job.flop_per_step, 0);
}

} // namespace
} // namespace bench::workers
