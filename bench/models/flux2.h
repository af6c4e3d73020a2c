#pragma once

#include <bench/models/blocks.h>

namespace bench::models {

/// The numbers of a FLUX.2 network (diffusers' Flux2Transformer2DModel). Defaults are FLUX.2-dev's;
/// klein 4B: 5 and 20 layers, 24 heads, caption_width 7680; klein 9B: 8, 24, 32, 12288; neither
/// embeds guidance.
struct Flux2Config {
  std::int64_t layers = 8;         ///< double blocks
  std::int64_t single_layers = 48; ///< single blocks
  std::int64_t heads = 48;
  std::int64_t head_width = 128;      ///< split evenly over four axes
  std::int64_t caption_width = 15360; ///< features of the text encoder, three layers of it
  bool guidance_embeds = true;        ///< the guidance scale is an input
  std::int64_t batch = 1;
  std::int64_t image_width = 1024; ///< pixels
  std::int64_t image_height = 1024;

  static constexpr std::int64_t kChannels = 128; ///< of a token: 2x2 latent pixels of 32

  std::int64_t image_tokens() const { return image_width / 16 * (image_height / 16); }
  BlockShape shape() const;
};

/// Raised when the work of a forward changes.
inline constexpr int kFlux2WorkVersion = 1;

Flux2Config flux2_config(const scenario::ModelSpec& spec);
std::string flux2_fault(const scenario::ModelSpec& spec);
double flux2_flop(const Flux2Config& config, std::int64_t caption_tokens);
std::vector<scenario::KernelShape> flux2_kernel_shapes(const scenario::ModelSpec& spec,
                                                       std::string_view family);
std::int64_t flux2_memory(const scenario::ModelSpec& spec);
std::unique_ptr<Denoiser> make_flux2(const scenario::ModelSpec& spec, Weights& weights);

} // namespace bench::models
