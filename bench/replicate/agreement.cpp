#include <bench/base/file.h>
#include <bench/replicate/agreement.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace bench::replicate {
namespace {

constexpr double kEqualDb = 200;

/// In whatever way it is run.
bool is_same_loop(const scenario::LoopCase& one, const scenario::LoopCase& other) {
  return one.loop == other.loop && one.model == other.model;
}

/// For messages.
std::string way_of(const scenario::LoopCase& loop) {
  if (loop.worker)
    return "worker " + loop.worker->name;
  std::string way = "engine " + loop.engine;
  for (const auto& [family, path] : loop.paths)
    way += fmt::format(", {} {}", family, path);
  return way;
}

} // namespace

double relative_error(const at::Tensor& step, const at::Tensor& reference) {
  const double error = at::linalg_vector_norm(step - reference).item<double>();
  // Weights that are all zero make a step of nothing.
  return error == 0 ? 0 : error / at::linalg_vector_norm(reference).item<double>();
}

std::vector<int> compared_steps(int steps) {
  return steps < 2 ? std::vector{0} : std::vector{0, steps / 2};
}

double most_step_error(scenario::DType dtype, double gain) {
  switch (dtype) {
  case scenario::DType::bf16:
    return 0.04 * gain;
  case scenario::DType::fp16:
    return 0.01 * gain;
  case scenario::DType::fp32:
    break;
  }
  return 0.001 * gain;
}

at::Tensor added_by_step(models::DenoiseLoop& denoise, const std::function<void()>& step) {
  denoise.begin();
  const at::Tensor before = denoise.latents();
  step();
  return denoise.latents() - before;
}

const Agreement::Reference& Agreement::reference(const scenario::LoopCase& loop,
                                                 const std::function<models::Denoiser&()>& get) {
  const auto known = std::ranges::find_if(
      references_, [&](const auto& one) { return is_same_loop(one.first, loop); });
  if (known != references_.end())
    return known->second;
  models::Denoiser& network = get();
  network.use({{"rms_norm", "aten"}});
  models::DenoiseLoop denoise(network, loop.model, loop.spec, device_);
  Reference reference;
  for (const int index : compared_steps(loop.spec.steps))
    reference.added.push_back(added_by_step(denoise, [&] {
      denoise.set_step(index);
      denoise.step();
    }));
  reference.most_error =
      most_step_error(loop.model.dtype, models::error_gain(network.guidance(), loop.spec));
  return references_.emplace_back(loop, std::move(reference)).second;
}

std::string Agreement::check(const scenario::LoopCase& loop, const Reference& reference,
                             const std::vector<at::Tensor>& added, const at::Tensor& latents,
                             results::Check& check) {
  std::string wrong;
  const std::vector<int> steps = compared_steps(loop.spec.steps);
  for (std::size_t i = 0; i < added.size(); ++i) {
    const double error = relative_error(added[i], reference.added[i]);
    if (!check.step_error || error > *check.step_error || std::isnan(error))
      check.step_error = error;
    if (!(error <= reference.most_error) && wrong.empty())
      wrong =
          fmt::format("step {} is {:.2g} off that of path aten, engine eager; {:.2g} at most in "
                      "{}: the output is wrong, so its speed means nothing",
                      steps[i] + 1, error, reference.most_error, to_string(loop.model.dtype));
  }
  const auto same = std::ranges::find_if(
      first_, [&](const auto& known) { return is_same_loop(known.first, loop); });
  if (same == first_.end()) {
    if (wrong.empty()) // else the right ones would be unlike it
      first_.emplace_back(loop, latents);
    return wrong;
  }
  check.psnr_db = psnr_db(latents, same->second);
  if (*check.psnr_db < kLeastPsnrDb && wrong.empty())
    wrong = fmt::format("the latents after the last step are {:.1f} dB from those of {}; {:.0f} at "
                        "least: one of the two is wrong, so their speeds cannot be compared",
                        *check.psnr_db, way_of(same->first), kLeastPsnrDb);
  return wrong;
}

double psnr_db(const at::Tensor& latents, const at::Tensor& reference) {
  const double error = (latents - reference).square().mean().item<double>();
  const double range = (reference.max() - reference.min()).item<double>();
  return error == 0 ? kEqualDb : std::min(kEqualDb, 10 * std::log10(range * range / error));
}

void save_latents(const std::filesystem::path& folder, const std::string& id,
                  const at::Tensor& latents) {
  std::string name = id;
  std::ranges::replace(name, '/', '_');
  // Format 1.0 of numpy.lib.format: magic, version, length of a header padded to 64 bytes.
  const at::Tensor dense = latents.contiguous();
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}",
                                   fmt::join(dense.sizes(), ", "));
  constexpr std::size_t kBefore = 10;
  header.resize((kBefore + header.size() + 1 + 63) / 64 * 64 - kBefore - 1, ' ');
  header += '\n';
  std::string bytes = std::string("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() % 256);
  bytes += static_cast<char>(header.size() / 256);
  bytes += header;
  bytes.append(static_cast<const char*>(dense.const_data_ptr()), dense.nbytes());
  write_file_atomically(folder / (name + ".npy"), bytes);
}

} // namespace bench::replicate
