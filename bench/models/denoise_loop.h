#pragma once

#include <bench/device/device.h>
#include <bench/device/tensor.h>
#include <bench/models/denoiser.h>
#include <bench/scenario/scenario.h>

#include <functional>
#include <memory>

namespace bench::models {

/// 2 with classifier-free guidance, else 1.
int forwards_per_step(const Denoiser& network, const scenario::LoopSpec& loop);
/// Floating-point operations of all forwards of a step.
double flop_per_step(const Denoiser& network, const scenario::ModelSpec& model,
                     const scenario::LoopSpec& loop);

/// How many times the relative error of a forward a step's may be: 1, or with two forwards, which
/// differ little, what their weights in the guided velocity add up to (as independent errors do).
double error_gain(Guidance kind, const scenario::LoopSpec& loop);

/// All steps of one image: latents, schedule, captions and guidance around a network. How its steps
/// are executed is an engine's business.
class DenoiseLoop {
 public:
  /// Inputs (initial noise, features of captions and of a picture) are random normal from
  /// model.seed. `network` must outlive the loop.
  DenoiseLoop(Denoiser& network, const scenario::ModelSpec& model, const scenario::LoopSpec& spec,
              device::Device& device);
  ~DenoiseLoop();

  int steps() const;
  int forwards_per_step() const; ///< 2 with classifier-free guidance
  double flop_per_step() const;

  /// Enqueues a fresh start: latents become the initial noise.
  void begin();
  /// The same with other noise, of the network's latent_shape in fp32.
  void begin(const at::Tensor& noise);
  /// Enqueues what step `index` is told: its time and the distance to go.
  void set_step(int index);
  /// Enqueues one step with what set_step last told: one forward, or two with classifier-free
  /// guidance, then the Euler update of the latents in place. Always the same work on the same
  /// addresses, so it can be recorded.
  void step();

  /// From now on every step ends with `work`, which must not touch the latents: a known amount of
  /// work to be found again. Before an engine prepares the loop.
  void append(std::function<void()> work);

  /// The latents as they are now. Synchronises.
  device::Digest digest() const;
  /// A copy of them on the host, fp32, of the network's latent_shape. Synchronises.
  at::Tensor latents() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace bench::models
