// forward_once WEIGHTS INPUTS OUTPUT MODEL DTYPE WIDTHxHEIGHT PICTURE PATH KEY=VALUE...
//
// One forward of a model with the weights and inputs of two .safetensors files. For the comparison
// with diffusers in diffusers_test.py. INPUTS holds fp32 tensors: `latents` of one image, `time`
// [1], `caption` [tokens, width], and where the network takes them `pooled`, `guidance`, `picture`.
// PICTURE is the size of the picture to edit, or 0x0. Writes to the folder OUTPUT, each as raw
// fp32: `velocity`, and what each block returns under its name.

#include <bench/device/tensor.h>
#include <bench/models/registry.h>
#include <bench/models/safetensors.h>

#include <ATen/core/Tensor.h>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace {

void write(const std::filesystem::path& file, const at::Tensor& tensor) {
  const at::Tensor dense = tensor.to(at::kFloat).contiguous();
  std::ofstream out(file, std::ios::binary);
  out.write(static_cast<const char*>(dense.const_data_ptr()),
            static_cast<std::streamsize>(dense.nbytes()));
  if (!out)
    throw std::runtime_error("cannot write " + file.string());
}

std::pair<std::int64_t, std::int64_t> size_of(const std::string& text) {
  return {std::stoll(text), std::stoll(text.substr(text.find('x') + 1))};
}

} // namespace

int main(int argc, char** argv) {
  using namespace bench;
  if (argc < 9) {
    fmt::print(stderr, "usage: forward_once WEIGHTS INPUTS OUTPUT MODEL DTYPE WIDTHxHEIGHT PICTURE "
                       "PATH KEY=VALUE...\n");
    return 2;
  }
  try {
    const auto device = device::open_device(scenario::DeviceKind::cpu);
    scenario::ModelSpec spec;
    spec.weights = argv[1];
    const models::SafetensorsFile inputs(argv[2]);
    const std::filesystem::path output = argv[3];
    spec.name = argv[4];
    spec.dtype = scenario::parse_dtype(argv[5]).value();
    std::tie(spec.width, spec.height) = size_of(argv[6]);
    std::tie(spec.picture_width, spec.picture_height) = size_of(argv[7]);
    for (int i = 9; i < argc; ++i) {
      const std::string text = argv[i];
      const auto equals = text.find('=');
      spec.architecture[text.substr(0, equals)] = std::stoll(text.substr(equals + 1));
    }
    const auto network = models::build(spec, *device);
    network->use({{"rms_norm", argv[8]}});
    network->watch([&](const std::string& name, const at::Tensor& t) { write(output / name, t); });
    const auto optional = [&](const char* name) {
      return inputs.holds(name) ? inputs.tensor(name) : at::Tensor();
    };
    const models::Inputs in{.caption = inputs.tensor("caption"),
                            .pooled = optional("pooled"),
                            .guidance = optional("guidance"),
                            .picture = optional("picture")};
    const at::Tensor latents =
        inputs.tensor("latents").unsqueeze(0).to(device::torch_type(spec.dtype));
    write(output / "velocity", network->velocities(latents, inputs.tensor("time"), {in})[0]);
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "forward_once: {}\n", e.what());
    return 1;
  }
}
