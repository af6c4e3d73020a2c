#pragma once

#include <bench/models/denoiser.h>

#include <algorithm>
#include <string_view>

namespace bench::models {

class Weights;

/// The numbers of a Z-Image network (Tongyi-MAI/Z-Image; diffusers' ZImageTransformer2DModel).
/// Defaults are the published model's.
struct ZImageConfig {
  std::int64_t layers = 30;
  std::int64_t refiner_layers = 2; ///< of the image stream, and as many of the caption stream
  std::int64_t heads = 30;
  std::int64_t head_width = 128;     ///< split over time, row and column as 32 : 48 : 48
  std::int64_t caption_width = 2560; ///< features of the text encoder
  std::int64_t batch = 1;
  std::int64_t image_width = 1024; ///< pixels
  std::int64_t image_height = 1024;

  static constexpr std::int64_t kChannels = 16; ///< of a latent, which has 1/8 of the image's sides
  static constexpr std::int64_t kPatch = 2;     ///< latent pixels a token's side
  static constexpr std::int64_t kTimeWidth = 256; ///< of the time embedding that modulates blocks
  static constexpr std::int64_t kTokenMultiple = 32; ///< both streams are padded to it

  std::int64_t dim() const { return heads * head_width; }
  std::int64_t ffn() const { return dim() * 8 / 3; }
  std::int64_t time_width() const { return std::min(dim(), kTimeWidth); }
  std::int64_t image_tokens() const; ///< padded
  static std::int64_t padded(std::int64_t tokens) {
    return (tokens + kTokenMultiple - 1) / kTokenMultiple * kTokenMultiple;
  }
};

/// Raised when the work of a forward changes.
inline constexpr int kZImageWorkVersion = 1;

/// The config of a scenario's model.
ZImageConfig z_image_config(const scenario::ModelSpec& spec);

/// "" when such a network can be built, else what is wrong, naming the key.
std::string z_image_fault(const scenario::ModelSpec& spec);

/// Floating-point operations of one forward; see Denoiser::flop.
double z_image_flop(const ZImageConfig& config, std::int64_t caption_tokens);

/// The inputs that one forward calls a kernel family with, largest first, each shape once; none:
/// it never calls it.
std::vector<scenario::KernelShape> z_image_kernel_shapes(const scenario::ModelSpec& spec,
                                                         std::string_view family);

/// Device memory of a loop, bytes: an upper estimate.
std::int64_t z_image_memory(const scenario::ModelSpec& spec);

std::unique_ptr<Denoiser> make_z_image(const scenario::ModelSpec& spec, Weights& weights);

} // namespace bench::models
