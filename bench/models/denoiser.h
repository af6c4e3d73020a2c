#pragma once

#include <bench/scenario/scenario.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace at {
class Tensor;
}
namespace kernels {
class Operators;
}

/// Denoising networks and the loop around them.
namespace bench::models {

/// Which implementation each kernel family uses: {"rms_norm": "aten"}.
using Paths = std::map<std::string, std::string>;

/// A denoising network on a device, batch 1. Its forward enqueues work, never synchronises, and can
/// be captured into a CUDA graph.
class Denoiser {
 public:
  virtual ~Denoiser() = default;

  /// Chooses the implementations of all operators that have several. Throws UsageError naming a
  /// path that does not exist.
  virtual void use(const Paths& paths) = 0;

  /// The velocity [C, H, W] fp32 that the scheduler steps along.
  ///   latents [C, H, W] in the model's type; time [1] fp32 on the device, as time_of gives it;
  ///   caption [tokens, width] fp32, a feature vector a token.
  virtual at::Tensor velocity(const at::Tensor& latents, const at::Tensor& time,
                              const at::Tensor& caption) const = 0;

  /// The network's notion of time at a noise level of the schedule (1: noise, 0: image).
  virtual float time_of(float sigma) const = 0;

  virtual std::vector<std::int64_t> latent_shape() const = 0; ///< [C, H, W]
  virtual std::int64_t caption_width() const = 0;
  virtual std::int64_t parameters() const = 0;
  /// Floating-point operations of the matrix products and attention in one forward with that many
  /// caption tokens; a multiply-add counts two.
  virtual double flop(std::int64_t caption_tokens) const = 0;
};

/// The operators that `paths` choose: those of the path named under "rms_norm". Throws UsageError,
/// in the name of `model`, for a family that no loop chooses by and for a path that does not exist.
std::shared_ptr<const kernels::Operators> operators_of(const Paths& paths, std::string_view model);

} // namespace bench::models
