#include <bench/models/denoise_loop.h>
#include <bench/models/scheduler.h>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/randn.h>

namespace bench::models {
namespace {

/// The same on every device, so that a CPU and a GPU start from one noise.
at::Tensor normal(at::IntArrayRef shape, std::uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed),
                   at::TensorOptions().dtype(at::kFloat));
}

} // namespace

struct DenoiseLoop::State {
  State(Denoiser& net, const scenario::LoopSpec& loop, c10::ScalarType model_type)
      : network(net), spec(loop), type(model_type) {}

  Denoiser& network;
  scenario::LoopSpec spec;
  c10::ScalarType type;
  double flop_per_step = 0;
  at::Tensor noise, latents;    // [C, H, W] fp32
  at::Tensor caption, negative; // [tokens, width] fp32
  at::Tensor schedule; // [steps, 2] fp32: the network's time, sigma to come minus sigma now
  at::Tensor now;      // [2] fp32: the row of the schedule that step() follows
  std::function<void()> appended; // to each step; may be empty
};

DenoiseLoop::DenoiseLoop(Denoiser& network, const scenario::ModelSpec& model,
                         const scenario::LoopSpec& spec, device::Device& device)
    : state_(std::make_unique<State>(network, spec, device::torch_type(model.dtype))) {
  State& s = *state_;
  const c10::Device target = device.torch_device();
  s.noise = normal(network.latent_shape(), model.seed).to(target);
  s.latents = s.noise.clone();
  s.caption = normal({model.text_tokens, network.caption_width()}, model.seed + 1).to(target);
  s.flop_per_step = network.flop(model.text_tokens);
  if (spec.guidance > 0) {
    s.negative =
        normal({spec.negative_text_tokens, network.caption_width()}, model.seed + 2).to(target);
    s.flop_per_step += network.flop(spec.negative_text_tokens);
  }
  const std::vector<float> sigmas = flow_match_sigmas(spec.steps, spec.shift);
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
double DenoiseLoop::flop_per_step() const {
  return state_->flop_per_step;
}

void DenoiseLoop::begin() {
  state_->latents.copy_(state_->noise);
}

void DenoiseLoop::set_step(int index) {
  state_->now.copy_(state_->schedule[index]);
}

void DenoiseLoop::step() {
  State& s = *state_;
  const at::Tensor input = s.latents.to(s.type);
  const at::Tensor time = s.now.narrow(0, 0, 1);
  at::Tensor velocity = s.network.velocity(input, time, s.caption);
  if (s.spec.guidance > 0) {
    const at::Tensor uncaptioned = s.network.velocity(input, time, s.negative);
    at::Tensor guided = velocity + s.spec.guidance * (velocity - uncaptioned);
    // Guidance must not make the prediction longer than the captioned one; no branch, so that the
    // host need not wait for the norms.
    const at::Tensor shrink = at::linalg_vector_norm(velocity) / at::linalg_vector_norm(guided);
    velocity = guided * shrink.clamp_max(1);
  }
  s.latents.addcmul_(velocity, s.now.narrow(0, 1, 1));
  if (s.appended)
    s.appended();
}

void DenoiseLoop::append(std::function<void()> work) {
  state_->appended = std::move(work);
}

device::Digest DenoiseLoop::digest() const {
  return device::digest(state_->latents);
}

} // namespace bench::models
