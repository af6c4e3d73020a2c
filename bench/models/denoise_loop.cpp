#include <bench/models/denoise_loop.h>
#include <bench/profile/operation.h>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/randn.h>

#include <cmath>
#include <numeric>

namespace bench::models {
namespace {

/// The same on every device, so that a CPU and a GPU start from one noise.
at::Tensor normal(at::IntArrayRef shape, std::uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed),
                   at::TensorOptions().dtype(at::kFloat));
}

/// No branch on a value, so that the host need not wait for the norms.
at::Tensor guided(Guidance kind, double scale, const at::Tensor& with, const at::Tensor& without) {
  if (kind == Guidance::bounded_norm) {
    const at::Tensor sum = with + scale * (with - without);
    const auto length = [](const at::Tensor& t) { // of each image
      std::vector<std::int64_t> dimensions(static_cast<std::size_t>(t.dim() - 1));
      std::iota(dimensions.begin(), dimensions.end(), 1);
      return at::linalg_vector_norm(t, 2, dimensions, /*keepdim=*/true);
    };
    return sum * (length(with) / length(sum)).clamp_max(1);
  }
  const at::Tensor sum = at::lerp(without, with, scale);
  if (kind == Guidance::plain)
    return sum;
  const auto length = [](const at::Tensor& t) {
    return at::linalg_vector_norm(t, 2, at::IntArrayRef{-1}, /*keepdim=*/true);
  };
  return sum * (length(with) / length(sum));
}

} // namespace

int forwards_per_step(const Denoiser& network, const scenario::LoopSpec& loop) {
  return loop.guidance > 0 && network.guidance() != Guidance::embedded ? 2 : 1;
}

double flop_per_step(const Denoiser& network, const scenario::ModelSpec& model,
                     const scenario::LoopSpec& loop) {
  return network.flop(model.text_tokens) +
         (forwards_per_step(network, loop) == 2 ? network.flop(loop.negative_text_tokens) : 0);
}

double error_gain(Guidance kind, const scenario::LoopSpec& loop) {
  const double g = loop.guidance;
  if (kind == Guidance::embedded || g == 0)
    return 1;
  // guided(): (1 + g) with - g without, or g with - (g - 1) without.
  return kind == Guidance::bounded_norm ? std::hypot(1 + g, g) : std::hypot(g, g - 1);
}

struct DenoiseLoop::State {
  State(Denoiser& net, const scenario::LoopSpec& loop, c10::ScalarType model_type)
      : network(net), spec(loop), type(model_type) {}

  Denoiser& network;
  scenario::LoopSpec spec;
  c10::ScalarType type;
  double flop_per_step = 0;
  at::Tensor noise, latents;  // of the network's latent_shape, fp32
  std::vector<Inputs> inputs; // of each forward: with the caption, with the negative one
  at::Tensor schedule;        // [steps, 2] fp32: the network's time, sigma to come minus sigma now
  at::Tensor now;             // [2] fp32: the row of the schedule that step() follows
  std::function<void()> appended; // to each step; may be empty

  at::Tensor input() const {
    const profile::Operation operation("scheduler");
    return latents.to(type);
  }
  /// One step of Euler along what the forwards predicted.
  void advance(const std::vector<at::Tensor>& each) {
    const profile::Operation operation("scheduler");
    const at::Tensor velocity =
        each.size() == 1 ? each[0] : guided(network.guidance(), spec.guidance, each[0], each[1]);
    latents.addcmul_(velocity, now.narrow(0, 1, 1));
  }
};

DenoiseLoop::DenoiseLoop(Denoiser& network, const scenario::ModelSpec& model,
                         const scenario::LoopSpec& spec, device::Device& device)
    : state_(std::make_unique<State>(network, spec, device::torch_type(model.dtype))) {
  State& s = *state_;
  const c10::Device target = device.torch_device();
  s.noise = normal(network.latent_shape(), model.seed).to(target);
  s.latents = s.noise.clone();
  // Seeds in the order of what was there first: Z-Image's inputs stay what they were.
  Inputs captioned;
  captioned.caption =
      normal({model.text_tokens, network.caption_width()}, model.seed + 1).to(target);
  if (network.pooled_width() > 0)
    captioned.pooled = normal({1, network.pooled_width()}, model.seed + 3).to(target);
  if (!network.picture_shape().empty())
    captioned.picture = normal(network.picture_shape(), model.seed + 4).to(target);
  if (network.guidance() == Guidance::embedded)
    captioned.guidance =
        at::full({1}, spec.guidance, at::TensorOptions().dtype(at::kFloat)).to(target);
  s.inputs.push_back(captioned);
  s.flop_per_step = models::flop_per_step(network, model, spec);
  if (models::forwards_per_step(network, spec) == 2) {
    Inputs uncaptioned = captioned;
    uncaptioned.caption =
        normal({spec.negative_text_tokens, network.caption_width()}, model.seed + 2).to(target);
    if (network.pooled_width() > 0)
      uncaptioned.pooled = normal({1, network.pooled_width()}, model.seed + 5).to(target);
    s.inputs.push_back(uncaptioned);
  }
  const std::vector<float> sigmas = network.sigmas(spec.steps, spec.shift);
  at::Tensor schedule = at::empty({spec.steps, 2}, at::kFloat);
  for (std::int64_t i = 0; i < spec.steps; ++i) {
    const auto k = static_cast<std::size_t>(i);
    schedule[i][0] = network.time_of(sigmas[k]);
    schedule[i][1] = sigmas[k + 1] - sigmas[k];
  }
  s.schedule = schedule.to(target);
  s.now = s.schedule[0].clone();
}

DenoiseLoop::~DenoiseLoop() = default;

int DenoiseLoop::steps() const {
  return state_->spec.steps;
}
int DenoiseLoop::forwards_per_step() const {
  return static_cast<int>(state_->inputs.size());
}
double DenoiseLoop::flop_per_step() const {
  return state_->flop_per_step;
}

void DenoiseLoop::begin() {
  state_->latents.copy_(state_->noise);
}

void DenoiseLoop::begin(const at::Tensor& noise) {
  state_->latents.copy_(noise);
}

void DenoiseLoop::set_step(int index) {
  const profile::Operation operation("set_step");
  state_->now.copy_(state_->schedule[index]);
}

void DenoiseLoop::step() {
  State& s = *state_;
  const at::Tensor time = s.now.narrow(0, 0, 1);
  const std::vector<at::Tensor> each = s.network.velocities(s.input(), time, s.inputs);
  s.advance(each);
  if (s.appended)
    s.appended();
}

void DenoiseLoop::append(std::function<void()> work) {
  state_->appended = std::move(work);
}

device::Digest DenoiseLoop::digest() const {
  return device::digest(state_->latents);
}

at::Tensor DenoiseLoop::latents() const {
  return state_->latents.to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

} // namespace bench::models
