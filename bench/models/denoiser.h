#pragma once

#include <bench/scenario/scenario.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kernels {
class Operators;
}

/// Denoising networks and the loop around them.
namespace bench::models {

/// Which implementation each kernel family uses: {"rms_norm": "aten"}.
using Paths = std::map<std::string, std::string>;

/// What a guidance scale g > 0 does. `with` and `without` are the velocities that two forwards of a
/// step predict, with the caption and with the negative one.
enum class Guidance {
  embedded,     ///< nothing but to be an input of the network; one forward
  plain,        ///< without + g * (with - without): FLUX.2 klein base
  token_norm,   ///< the same, each token scaled to the length it has in `with`: Qwen-Image
  bounded_norm, ///< with + g * (with - without), scaled down to be no longer than `with`: Z-Image
};

/// What a forward is given besides latents and time, the same at every step; on the device.
struct Inputs {
  at::Tensor caption;  ///< [tokens, caption_width] fp32, a feature vector a token
  at::Tensor pooled;   ///< [1, pooled_width] fp32, of the caption as a whole; or undefined
  at::Tensor guidance; ///< [1] fp32, the scale, where it is embedded; or undefined
  at::Tensor picture;  ///< of picture_shape, fp32: latents of the picture to edit; or undefined
};

/// A denoising network on a device. Its forward enqueues work, never synchronises, and can
/// be captured into a CUDA graph.
class Denoiser {
 public:
  virtual ~Denoiser() = default;

  /// Chooses the implementations of all operators that have several. Throws UsageError naming a
  /// path that does not exist.
  virtual void use(const Paths& paths) = 0;

  /// One forward for each of `inputs`: the velocities, of latent_shape in fp32, that the scheduler
  /// steps along. What depends on the time only is computed once for all of them.
  ///   latents in the model's type; time [1] fp32 on the device, as time_of gives it.
  virtual std::vector<at::Tensor> velocities(const at::Tensor& latents, const at::Tensor& time,
                                             const std::vector<Inputs>& inputs) const = 0;

  /// The network's notion of time at a noise level of the schedule (1: noise, 0: image).
  virtual float time_of(float sigma) const = 0;
  /// Noise levels of a schedule: steps + 1 values from 1 down to 0. `shift` as in
  /// flow_match_sigmas, or 0: the published pipeline's for this resolution and number of steps.
  virtual std::vector<float> sigmas(int steps, double shift) const = 0;
  virtual Guidance guidance() const = 0;

  virtual std::vector<std::int64_t>
  latent_shape() const = 0; ///< [batch, C, H, W] or [batch, tokens, channels]
  virtual std::int64_t caption_width() const = 0;
  virtual std::int64_t pooled_width() const { return 0; } ///< 0: takes none
  virtual std::vector<std::int64_t> picture_shape() const {
    return {};
  } ///< [tokens, channels]; empty: takes none
  virtual std::int64_t parameters() const = 0;
  /// Floating-point operations of the matrix products and attention in one forward with that many
  /// caption tokens; a multiply-add counts two.
  virtual double flop(std::int64_t caption_tokens) const = 0;

  /// From now on each forward shows what its blocks return, under the names of diffusers' modules.
  /// For tests.
  using Watcher = std::function<void(const std::string& name, const at::Tensor& tensor)>;
  void watch(Watcher watcher) { watcher_ = std::move(watcher); }

 protected:
  const Watcher& watcher() const { return watcher_; } ///< may be empty

 private:
  Watcher watcher_;
};

/// The operators that `paths` choose: those of the path named under "rms_norm". Throws UsageError,
/// in the name of `model`, for a family that no loop chooses by and for a path that does not exist.
std::shared_ptr<const kernels::Operators> operators_of(const Paths& paths, std::string_view model);

} // namespace bench::models
