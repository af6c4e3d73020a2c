// forward_once WEIGHTS INPUTS OUTPUT MODEL DTYPE WIDTH HEIGHT PATH KEY=VALUE...
//
// One forward of a model with the weights and inputs of two .safetensors files; writes the velocity
// as raw fp32. For the comparison with diffusers in diffusers_test.py. INPUTS holds `latents` [C,
// H, W], `time` [1] and `caption` [tokens, width], all fp32.

#include <bench/device/tensor.h>
#include <bench/models/registry.h>
#include <bench/models/safetensors.h>

#include <ATen/core/Tensor.h>

#include <fmt/format.h>

#include <fstream>

int main(int argc, char** argv) {
  using namespace bench;
  if (argc < 9) {
    fmt::print(
        stderr,
        "usage: forward_once WEIGHTS INPUTS OUTPUT MODEL DTYPE WIDTH HEIGHT PATH KEY=VALUE...\n");
    return 2;
  }
  try {
    const auto device = device::open_device(scenario::DeviceKind::cpu);
    scenario::ModelSpec spec;
    spec.weights = argv[1];
    const models::SafetensorsFile inputs(argv[2]);
    spec.name = argv[4];
    spec.dtype = std::string(argv[5]) == "bf16" ? scenario::DType::bf16 : scenario::DType::fp32;
    spec.width = std::stoll(argv[6]);
    spec.height = std::stoll(argv[7]);
    for (int i = 9; i < argc; ++i) {
      const std::string text = argv[i];
      const auto equals = text.find('=');
      spec.architecture[text.substr(0, equals)] = std::stoll(text.substr(equals + 1));
    }
    const auto network = models::build(spec, *device);
    network->use({{"rms_norm", argv[8]}});
    const at::Tensor velocity =
        network
            ->velocity(inputs.tensor("latents").to(device::torch_type(spec.dtype)),
                       inputs.tensor("time"), inputs.tensor("caption"))
            .contiguous();
    std::ofstream out(argv[3], std::ios::binary);
    out.write(static_cast<const char*>(velocity.const_data_ptr()),
              static_cast<std::streamsize>(velocity.nbytes()));
    return out ? 0 : 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "forward_once: {}\n", e.what());
    return 1;
  }
}
