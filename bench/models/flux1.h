#pragma once

#include <bench/models/blocks.h>

namespace bench::models {

/// The numbers of a FLUX.1 network (diffusers' FluxTransformer2DModel). Defaults are FLUX.1-dev's.
struct Flux1Config {
  std::int64_t layers = 19;        ///< double blocks
  std::int64_t single_layers = 38; ///< single blocks
  std::int64_t heads = 24;
  std::int64_t head_width = 128;     ///< split over three axes as 16 : 56 : 56
  std::int64_t caption_width = 4096; ///< features of the text encoder
  std::int64_t pooled_width = 768;   ///< of the caption as a whole
  bool guidance_embeds = true;       ///< the guidance scale is an input
  std::int64_t batch = 1;
  std::int64_t image_width = 1024; ///< pixels
  std::int64_t image_height = 1024;

  static constexpr std::int64_t kChannels = 64; ///< of a token: 2x2 latent pixels of 16

  std::int64_t image_tokens() const { return image_width / 16 * (image_height / 16); }
  BlockShape shape() const;
};

/// Raised when the work of a forward changes.
inline constexpr int kFlux1WorkVersion = 1;

Flux1Config flux1_config(const scenario::ModelSpec& spec);
std::string flux1_fault(const scenario::ModelSpec& spec);
double flux1_flop(const Flux1Config& config, std::int64_t caption_tokens);
std::vector<scenario::KernelShape> flux1_kernel_shapes(const scenario::ModelSpec& spec,
                                                       std::string_view family);
std::int64_t flux1_memory(const scenario::ModelSpec& spec);
std::unique_ptr<Denoiser> make_flux1(const scenario::ModelSpec& spec, Weights& weights);

} // namespace bench::models
