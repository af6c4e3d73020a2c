#include <bench/base/error.h>
#include <bench/device/tensor.h>
#include <bench/models/flux1.h>
#include <bench/models/flux2.h>
#include <bench/models/qwen_image.h>
#include <bench/models/registry.h>
#include <bench/models/safetensors.h>
#include <bench/models/weights.h>
#include <bench/models/z_image.h>

#include <ATen/core/Tensor.h>

#include <fmt/format.h>

#include <algorithm>

namespace bench::models {
namespace {

Family z_image() {
  const ZImageConfig published;
  return {.catalog = {.name = "z_image",
                      .work_version = kZImageWorkVersion,
                      .architecture = {{"layers", published.layers},
                                       {"refiner_layers", published.refiner_layers},
                                       {"heads", published.heads},
                                       {"head_width", published.head_width},
                                       {"caption_width", published.caption_width}},
                      .kernel_shapes = &z_image_kernel_shapes,
                      .fault = &z_image_fault,
                      .shift = 3},
          .summary =
              "Z-Image and Z-Image-Turbo (Tongyi-MAI): one stream, 6.155 B parameters as published",
          .build = &make_z_image,
          .memory = &z_image_memory};
}

Family qwen_image() {
  const QwenImageConfig published;
  return {.catalog = {.name = "qwen_image",
                      .work_version = kQwenImageWorkVersion,
                      .architecture = {{"layers", published.layers},
                                       {"heads", published.heads},
                                       {"head_width", published.head_width},
                                       {"caption_width", published.caption_width}},
                      .kernel_shapes = &qwen_image_kernel_shapes,
                      .fault = &qwen_image_fault},
          .summary = "Qwen-Image (Alibaba): two streams, 20.430 B parameters as published",
          .build = &make_qwen_image,
          .memory = &qwen_image_memory};
}

Family qwen_image_edit() {
  Family family = qwen_image();
  family.catalog.name = "qwen_image_edit";
  family.catalog.architecture["zero_cond_t"] = 1; // Qwen-Image-Edit-2511
  family.catalog.edits = true;
  family.summary = "Qwen-Image-Edit: Qwen-Image with a picture to edit beside the image";
  return family;
}

Family flux1() {
  const Flux1Config published;
  return {.catalog = {.name = "flux1",
                      .work_version = kFlux1WorkVersion,
                      .architecture = {{"layers", published.layers},
                                       {"single_layers", published.single_layers},
                                       {"heads", published.heads},
                                       {"head_width", published.head_width},
                                       {"caption_width", published.caption_width},
                                       {"pooled_width", published.pooled_width},
                                       {"guidance_embeds", published.guidance_embeds}},
                      .kernel_shapes = &flux1_kernel_shapes,
                      .fault = &flux1_fault},
          .summary = "FLUX.1-dev (Black Forest Labs): two streams, then one; 11.901 B parameters",
          .build = &make_flux1,
          .memory = &flux1_memory};
}

Family flux2() {
  const Flux2Config published;
  return {.catalog = {.name = "flux2",
                      .work_version = kFlux2WorkVersion,
                      .architecture = {{"layers", published.layers},
                                       {"single_layers", published.single_layers},
                                       {"heads", published.heads},
                                       {"head_width", published.head_width},
                                       {"caption_width", published.caption_width},
                                       {"guidance_embeds", published.guidance_embeds}},
                      .kernel_shapes = &flux2_kernel_shapes,
                      .fault = &flux2_fault},
          .summary =
              "FLUX.2-dev (Black Forest Labs), klein 4B and 9B by their numbers: two streams, "
              "then one; 32.223 B parameters",
          .build = &make_flux2,
          .memory = &flux2_memory};
}

const Family& family_of(const scenario::ModelSpec& spec) {
  const auto it =
      std::ranges::find(families(), spec.name, [](const Family& f) { return f.catalog.name; });
  if (it == families().end())
    throw UsageError(fmt::format("no model '{}'; `bench list models` names them", spec.name));
  return *it;
}

double gib(std::int64_t bytes) {
  return static_cast<double>(bytes) / (1 << 30);
}

} // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> all{z_image(), qwen_image(), qwen_image_edit(), flux1(),
                                       flux2()};
  return all;
}

std::int64_t memory_needed(const scenario::ModelSpec& spec) {
  return family_of(spec).memory(spec);
}

std::int64_t count_parameters(const scenario::ModelSpec& spec) {
  return outline(spec).network->parameters();
}

Outline outline(const scenario::ModelSpec& spec) {
  Outline outline;
  const auto weights = list_random_weights(outline.parameters);
  outline.network = family_of(spec).build(spec, *weights);
  return outline;
}

std::unique_ptr<Denoiser> build(const scenario::ModelSpec& spec, device::Device& device) {
  const Family& family = family_of(spec);
  const std::int64_t needed = family.memory(spec), free = device.free_memory();
  if (needed > free)
    throw UnavailableError(
        fmt::format("{} at {}x{} in {} needs {:.1f} GiB and {:.1f} of {:.1f} GiB are free on {}: "
                    "end what else uses it, "
                    "or make the model smaller (model.resolution, model.architecture)",
                    spec.name, spec.width, spec.height, to_string(spec.dtype), gib(needed),
                    gib(free), gib(device.total_memory()), device.name()));
  const c10::ScalarType type = device::torch_type(spec.dtype);
  if (const bool signs = spec.weights == "signs"; signs || spec.weights == "random") {
    const auto weights = make_random_weights(device.torch_device(), type, spec.seed, signs);
    return family.build(spec, *weights);
  }
  SafetensorsWeights weights(spec.weights, device.torch_device(), type);
  auto model = family.build(spec, weights);
  weights.require_all_taken();
  return model;
}

} // namespace bench::models
