#pragma once

#include <bench/device/device.h>
#include <bench/models/denoise_loop.h>
#include <bench/results/result.h>
#include <bench/scenario/scenario.h>

#include <ATen/core/Tensor.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench::replicate {

/// The steps of a loop that are compared: the first and, since what depends on time may go wrong
/// later only, the middle one. Each is taken from the initial noise.
std::vector<int> compared_steps(int steps);

/// The most that a step may be off in a model's type, with the gain of two forwards (error_gain).
/// In bf16 a forward of a path that rounds otherwise is 0.009 to 0.022 off at the published depths.
double most_step_error(scenario::DType dtype, double gain);

/// Least peak signal to noise, dB, of latents after the last step. In baselines/ paths that round
/// otherwise and diffusers reach 44 to 73, diffusers with its blocks compiled 51 to 67, and
/// compiled whole, which rounds the time otherwise too, 30 to 69: the least where steps are few and
/// large (klein's four: 30.4 and 31.5, where blocks reach 60 and 62).
inline constexpr double kLeastPsnrDb = 25;

/// Whether the latents of the paths and engines of a loop agree, so that a faster wrong one is
/// caught.
class Agreement {
 public:
  explicit Agreement(device::Device& device) : device_(device) {}

  /// What each of compared_steps adds to the initial noise by the engine eager with the path aten.
  struct Reference {
    std::vector<at::Tensor> added; ///< fp32, on the host
    double most_error = 0;
  };
  /// The same for every case of a loop, so it is computed once. Leaves the network that `get`
  /// gives, which is asked only when needed, with that path.
  const Reference& reference(const scenario::LoopCase& loop,
                             const std::function<models::Denoiser&()>& get);

  /// Whether a case agrees. Sets check.step_error to the largest of the compared steps, of which
  /// `added` has what they, or the first ones of them, add to the initial noise, and check.psnr_db
  /// of `latents`, those after the last step, against the first case of the same loop that came
  /// here. "" or what is wrong.
  std::string check(const scenario::LoopCase& loop, const Reference& reference,
                    const std::vector<at::Tensor>& added, const at::Tensor& latents,
                    results::Check& check);

 private:
  device::Device& device_;
  std::vector<std::pair<scenario::LoopCase, at::Tensor>>
      first_; ///< latents at the end, on the host
  std::deque<std::pair<scenario::LoopCase, Reference>> references_; ///< they stay where they are
};

/// What `step`, which takes one of `denoise`, adds to the initial noise. Changes its latents.
at::Tensor added_by_step(models::DenoiseLoop& denoise, const std::function<void()>& step);

/// Norm of the difference over the norm of `reference`; 0 where they are equal.
double relative_error(const at::Tensor& step, const at::Tensor& reference);

/// Peak signal to noise, dB, of `latents` against `reference`, whose range is the signal; 200 where
/// they are equal.
double psnr_db(const at::Tensor& latents, const at::Tensor& reference);

/// Writes `latents` as <folder>/<id with '_' for '/'>.npy, fp32. Throws UsageError.
void save_latents(const std::filesystem::path& folder, const std::string& id,
                  const at::Tensor& latents);

} // namespace bench::replicate
