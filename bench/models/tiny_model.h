#pragma once

#include <bench/scenario/scenario.h>

namespace bench::models {

/// A Z-Image small enough for a unit test: 16 image tokens (padded to 32), 20 caption tokens, fp32.
inline scenario::ModelSpec tiny_model() {
  scenario::ModelSpec spec;
  spec.name = "z_image";
  spec.width = 64;
  spec.height = 64;
  spec.text_tokens = 20;
  spec.dtype = scenario::DType::fp32;
  spec.seed = 3;
  spec.architecture = {{"layers", 1},
                       {"refiner_layers", 1},
                       {"heads", 2},
                       {"head_width", 32},
                       {"caption_width", 48}};
  return spec;
}

/// The family `name` likewise: 16 image tokens, 20 caption tokens, fp32.
inline scenario::ModelSpec tiny_model(const std::string& name) {
  scenario::ModelSpec spec = tiny_model();
  if (name == spec.name)
    return spec;
  spec.name = name;
  spec.architecture = {{"layers", 1}, {"heads", 2}, {"head_width", 32}, {"caption_width", 48}};
  if (name == "qwen_image_edit") {
    spec.architecture["zero_cond_t"] = 1;
    spec.picture_width = 64;
    spec.picture_height = 32;
  }
  if (name.starts_with("flux")) {
    spec.architecture["single_layers"] = 1;
    spec.architecture["guidance_embeds"] = 1;
  }
  if (name == "flux1")
    spec.architecture["pooled_width"] = 24;
  return spec;
}

} // namespace bench::models
