#include <bench/base/error.h>
#include <bench/measure/sampler.h>
#include <bench/models/registry.h>
#include <bench/replicate/loop_setup.h>
#include <bench/stats/summary.h>
#include <kernels/paths.h>

#include <ATen/ops/randn.h>
#include <ATen/ops/rms_norm.h>

#include <fmt/format.h>

#include <cmath>

namespace bench::replicate {

models::Denoiser& ModelCache::get(const scenario::ModelSpec& spec) {
  if (!network_ || spec != spec_) {
    network_.reset(); // its memory first
    network_ = models::build(spec, device_);
    device_.synchronize();
    spec_ = spec;
  }
  return *network_;
}

void ModelCache::drop() {
  network_.reset();
  device_.release_reserves();
}

namespace {

/// The case's engine. Throws UnavailableError when that or a path does not run on the device.
const engines::Engine& usable_engine(const scenario::LoopCase& loop, device::Device& device) {
  const engines::Engine* engine = engines::find(loop.engine);
  if (const std::string why = engine->why_unavailable(device.kind()); !why.empty())
    throw UnavailableError(fmt::format("engine {}: {}", loop.engine, why));
  for (const auto& [family, name] : loop.paths)
    if (const kernels::Path* path = kernels::find_path(name);
        path && !path->runs_on(device.torch_device().type()))
      throw UnavailableError(
          fmt::format("{} path {} does not run on {}", family, name, device.name()));
  return *engine;
}

} // namespace

void Injector::get_ready(const Injection& injection, const engines::Engine& engine,
                         models::DenoiseLoop& denoise) {
  if (injection.kind == Injection::Kind::norms && !rows_.defined()) {
    const auto options = at::TensorOptions().device(device_.torch_device()).dtype(at::kBFloat16);
    rows_ = at::randn({4128, 3840}, options);
    weight_ = at::randn({3840}, options);
  }
  if (injection.kind == Injection::Kind::spin && cycles_ == 0) { // arms of one case come together
    const auto prepared = engine.prepare(denoise, device_);
    const measure::Sampled sampled =
        measure::sample_loops(*prepared, marker_, {.loops = 1}, progress_);
    std::vector<double> all;
    for (const measure::Sample& s : sampled.samples)
      all.push_back(s.span.t_s * (std::isnan(s.span.f_hz) ? 1e9 : s.span.f_hz));
    cycles_ = stats::median(all);
  }
}

void Injector::inject(const Injection& injection, models::DenoiseLoop& denoise) const {
  if (injection.kind == Injection::Kind::norms)
    denoise.append([rows = rows_, weight = weight_, count = static_cast<int>(injection.amount)] {
      for (int i = 0; i < count; ++i)
        at::rms_norm(rows, {rows.size(1)}, weight, 1e-5);
    });
  if (injection.kind == Injection::Kind::spin)
    denoise.append([&device = device_, spin = static_cast<std::int64_t>(
                                           injection.amount * cycles_)] { device.spin(spin); });
}

models::Denoiser& LoopMaker::model(const scenario::ModelSpec& spec) {
  progress_.phase("weights");
  try {
    return models_.get(spec);
  } catch (const UnavailableError&) {
    if (!arena_)
      throw;
    arena_.reset(); // a loop whose buffers lie anywhere is better than none
    return models_.get(spec);
  }
}

models::Denoiser& LoopMaker::network(const scenario::LoopCase& loop) {
  usable_engine(loop, device_);
  models::Denoiser& network = model(loop.model);
  network.use(loop.paths);
  return network;
}

ReadyLoop LoopMaker::make(models::Denoiser& network, const scenario::LoopCase& loop,
                          const Injection& injection) {
  const engines::Engine& engine = usable_engine(loop, device_);
  progress_.phase("capture");
  {
    // What outlives the loop (rotations that the network keeps, plans of libraries) is made here,
    // so that nothing but the loop's own buffers lies in its place.
    models::DenoiseLoop once(network, loop.model, loop.spec, device_);
    once.begin();
    once.set_step(0);
    once.step();
    injector_.get_ready(injection, engine, once);
    device_.synchronize();
  }
  device_.release_reserves();
  ReadyLoop ready;
  if (arena_)
    ready.place = arena_->place(0);
  ready.denoise = std::make_unique<models::DenoiseLoop>(network, loop.model, loop.spec, device_);
  injector_.inject(injection, *ready.denoise);
  ready.prepared = engine.prepare(*ready.denoise, device_);
  return ready;
}

} // namespace bench::replicate
