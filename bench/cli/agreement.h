#pragma once

#include <bench/device/device.h>
#include <bench/engines/engine.h>
#include <bench/models/denoise_loop.h>
#include <bench/results/result.h>
#include <bench/scenario/scenario.h>

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench::cli {

/// The most that `step_error` may be in a model's type. In bf16 a path that rounds otherwise is
/// 0.015 to 0.055 off at the published depths, the more with guidance, which adds up differences.
double most_step_error(scenario::DType dtype);

/// Whether the latents of the paths and engines of a loop agree, so that a faster wrong one is
/// caught.
class Agreement {
 public:
  explicit Agreement(device::Device& device) : device_(device) {}

  /// Sets check.step_error: how far the first step, as `prepared` takes it, is from that of the
  /// engine eager with the path aten. May leave `network` with that path; changes `denoise`'s
  /// latents.
  void check_step(const scenario::LoopCase& loop, models::Denoiser& network,
                  models::DenoiseLoop& denoise, engines::PreparedLoop& prepared,
                  results::Check& check);

  /// What the first step of the loop adds to its latents by the engine eager with the path aten:
  /// fp32, on the host. The same for every case of a loop, so it is computed once. Leaves the
  /// network that `get` gives, which is asked only when needed, with that path.
  at::Tensor first_step(const scenario::LoopCase& loop,
                        const std::function<models::Denoiser&()>& get);

  /// Sets check.psnr_db of the latents after the last step, against those of the first case of the
  /// same loop that came here.
  void compare(const scenario::LoopCase& loop, const at::Tensor& latents, results::Check& check);

 private:
  device::Device& device_;
  std::vector<std::pair<scenario::LoopCase, at::Tensor>> first_;       ///< latents at the end
  std::vector<std::pair<scenario::LoopCase, at::Tensor>> first_steps_; ///< by eager and aten
};

/// Norm of the difference over the norm of `reference`; 0 where they are equal.
double relative_error(const at::Tensor& step, const at::Tensor& reference);

/// Peak signal to noise, dB, of `latents` against `reference`, whose range is the signal; 200 where
/// they are equal.
double psnr_db(const at::Tensor& latents, const at::Tensor& reference);

/// Writes `latents` as <folder>/<id with '_' for '/'>.npy, fp32. Throws UsageError.
void save_latents(const std::filesystem::path& folder, const std::string& id,
                  const at::Tensor& latents);

} // namespace bench::cli
