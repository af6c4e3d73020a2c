#pragma once

namespace bench::measure {

/// A denoise loop as the sampler sees it: steps that can be enqueued one after another.
class Workload {
 public:
  virtual ~Workload() = default;
  /// Steps of one loop.
  virtual int steps() const = 0;
  /// Enqueues what a new image starts with (fresh latents). Does not synchronise.
  virtual void begin() = 0;
  /// Enqueues step `index`, 0 <= index < steps(). Does not synchronise.
  virtual void step(int index) = 0;
};

} // namespace bench::measure
