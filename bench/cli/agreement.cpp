#include <bench/base/file.h>
#include <bench/cli/agreement.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace bench::cli {
namespace {

constexpr double kEqualDb = 200;

/// What the first step adds to the latents.
at::Tensor first_step(models::DenoiseLoop& denoise, engines::PreparedLoop* prepared) {
  denoise.begin();
  const at::Tensor before = denoise.latents();
  if (prepared) {
    prepared->step(0);
  } else {
    denoise.set_step(0);
    denoise.step();
  }
  return denoise.latents() - before;
}

/// In whatever way it is run.
bool is_same_loop(const scenario::LoopCase& one, const scenario::LoopCase& other) {
  return one.loop == other.loop && one.model == other.model;
}

} // namespace

double relative_error(const at::Tensor& step, const at::Tensor& reference) {
  const double error = at::linalg_vector_norm(step - reference).item<double>();
  // Weights that are all zero make a step of nothing.
  return error == 0 ? 0 : error / at::linalg_vector_norm(reference).item<double>();
}

double most_step_error(scenario::DType dtype) {
  switch (dtype) {
  case scenario::DType::bf16:
    return 0.15;
  case scenario::DType::fp16:
    return 0.02;
  case scenario::DType::fp32:
    break;
  }
  return 0.001;
}

void Agreement::check_step(const scenario::LoopCase& loop, models::Denoiser& network,
                           models::DenoiseLoop& denoise, engines::PreparedLoop& prepared,
                           results::Check& check) {
  const at::Tensor ours = bench::cli::first_step(denoise, &prepared);
  const at::Tensor reference = first_step(loop, [&]() -> models::Denoiser& { return network; });
  check.step_error = relative_error(ours, reference);
}

at::Tensor Agreement::first_step(const scenario::LoopCase& loop,
                                 const std::function<models::Denoiser&()>& get) {
  const auto known = std::ranges::find_if(
      first_steps_, [&](const auto& one) { return is_same_loop(one.first, loop); });
  if (known != first_steps_.end())
    return known->second;
  models::Denoiser& network = get();
  network.use({{"rms_norm", "aten"}});
  models::DenoiseLoop reference(network, loop.model, loop.spec, device_);
  return first_steps_.emplace_back(loop, bench::cli::first_step(reference, nullptr)).second;
}

void Agreement::compare(const scenario::LoopCase& loop, const at::Tensor& latents,
                        results::Check& check) {
  const auto same = std::ranges::find_if(
      first_, [&](const auto& known) { return is_same_loop(known.first, loop); });
  if (same == first_.end())
    first_.emplace_back(loop, latents);
  else
    check.psnr_db = psnr_db(latents, same->second);
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

} // namespace bench::cli
