#include <bench/base/temporary_folder.h>
#include <bench/device/tensor.h>
#include <bench/models/denoise_loop.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>
#include <bench/models/write_safetensors.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace bench::models {
namespace {

/// What build() draws on `device` for `spec`, written as diffusers publishes: in turn to the one of
/// two files, in bf16, and to the other, in fp32, with an index.
void publish_random_weights(const scenario::ModelSpec& spec, device::Device& device,
                            const std::filesystem::path& folder) {
  struct File {
    std::string name;
    c10::ScalarType type;
    std::string type_name;
    nlohmann::json header;
    std::string data = "";
  };
  File files[] = {{"a-1-of-2.safetensors", at::kBFloat16, "BF16", {}},
                  {"a-2-of-2.safetensors", at::kFloat, "F32", {}}};
  nlohmann::json places;
  const auto weights =
      make_random_weights(device.torch_device(), device::torch_type(spec.dtype), spec.seed);
  for (const RandomParameter& parameter : outline(spec).parameters) {
    File& file = files[places.size() % 2];
    const at::Tensor t = weights->take(parameter.name, parameter.shape).to(at::kCPU, file.type);
    const std::size_t begin = file.data.size();
    file.data.append(static_cast<const char*>(t.const_data_ptr()), t.nbytes());
    file.header[parameter.name] = {{"dtype", file.type_name},
                                   {"shape", parameter.shape},
                                   {"data_offsets", {begin, file.data.size()}}};
    places[parameter.name] = file.name;
  }
  for (const File& file : files)
    write_safetensors(folder / file.name, file.header.dump(), file.data);
  std::ofstream(folder / "a.safetensors.index.json") << nlohmann::json{{"weight_map", places}};
}

at::Tensor after_first_step(const scenario::ModelSpec& spec, device::Device& device) {
  const auto network = build(spec, device);
  network->use({{"rms_norm", "fused"}});
  DenoiseLoop loop(*network, spec, {.steps = 2, .guidance = 4}, device);
  loop.begin();
  loop.set_step(0);
  loop.step();
  return loop.latents();
}

TEST(WeightsOnGpu, OfAFolderMakeTheStepThatTheSameTensorsInMemoryMake) {
  const auto device = device::open_device(scenario::DeviceKind::cuda);
  for (const Family& family : families()) {
    SCOPED_TRACE(family.catalog.name);
    scenario::ModelSpec spec = tiny_model(family.catalog.name);
    spec.dtype = scenario::DType::bf16;
    spec.architecture["head_width"] = 128;
    const TemporaryFolder folder;
    publish_random_weights(spec, *device, folder.path());
    const at::Tensor expected = after_first_step(spec, *device);
    spec.weights = "signs";
    EXPECT_FALSE(after_first_step(spec, *device).equal(expected)) << "weights make no difference";
    spec.weights = folder.path();
    EXPECT_TRUE(after_first_step(spec, *device).equal(expected));
  }
}

} // namespace
} // namespace bench::models
