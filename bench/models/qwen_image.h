#pragma once

#include <bench/models/blocks.h>

namespace bench::models {

/// The numbers of a Qwen-Image network (diffusers' QwenImageTransformer2DModel), which also is
/// Qwen-Image-Edit's. Defaults are the published models'.
struct QwenImageConfig {
  std::int64_t layers = 60;
  std::int64_t heads = 24;
  std::int64_t head_width = 128;     ///< split over frame, row and column as 16 : 56 : 56
  std::int64_t caption_width = 3584; ///< features of the text encoder
  /// Tokens of the picture to edit are modulated as of time 0 (Qwen-Image-Edit-2511).
  bool zero_cond_t = false;
  std::int64_t batch = 1;
  std::int64_t image_width = 1024; ///< pixels
  std::int64_t image_height = 1024;
  std::int64_t picture_width = 0; ///< of the picture to edit, pixels; 0: none
  std::int64_t picture_height = 0;

  static constexpr std::int64_t kChannels = 64; ///< of a token: 2x2 latent pixels of 16

  std::int64_t image_tokens() const { return image_width / 16 * (image_height / 16); }
  std::int64_t picture_tokens() const { return picture_width / 16 * (picture_height / 16); }
  BlockShape shape() const;
};

/// Raised when the work of a forward changes.
inline constexpr int kQwenImageWorkVersion = 1;

QwenImageConfig qwen_image_config(const scenario::ModelSpec& spec);
std::string qwen_image_fault(const scenario::ModelSpec& spec);
double qwen_image_flop(const QwenImageConfig& config, std::int64_t caption_tokens);
std::vector<scenario::KernelShape> qwen_image_kernel_shapes(const scenario::ModelSpec& spec,
                                                            std::string_view family);
std::int64_t qwen_image_memory(const scenario::ModelSpec& spec);
std::unique_ptr<Denoiser> make_qwen_image(const scenario::ModelSpec& spec, Weights& weights);

} // namespace bench::models
