#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace at {
class Tensor;
}

namespace bench::models {

/// Where a model's parameters come from. Names and shapes are those of the diffusers class, so that
/// a published checkpoint can be a source; a model packs them as it likes afterwards.
class Weights {
 public:
  Weights(c10::Device device, c10::ScalarType type) : device_(device), type_(type) {}
  virtual ~Weights() = default;

  /// The parameter of that name and shape on device() in type(). Throws UsageError naming it when
  /// the source has none or another shape.
  at::Tensor take(std::string_view name, std::vector<std::int64_t> shape);

  c10::Device device() const { return device_; }
  c10::ScalarType type() const { return type_; }
  /// How many numbers were taken so far.
  std::int64_t parameters() const { return parameters_; }

 private:
  virtual at::Tensor load(std::string_view name, const std::vector<std::int64_t>& shape) = 0;

  c10::Device device_;
  c10::ScalarType type_;
  std::int64_t parameters_ = 0;
};

/// Random parameters from a seed, made on the device, in a scale that keeps activations near one:
/// matrices normal with standard deviation 1 / sqrt(inputs), norm weights around 1, biases and
/// tokens small. On the meta device nothing is made, which counts parameters for free.
/// `only_signs`: each is one deviation above or below the mean, as the draw is: the same work, for
/// which the GPU draws less power.
std::unique_ptr<Weights> make_random_weights(c10::Device device, c10::ScalarType type,
                                             std::uint64_t seed, bool only_signs = false);

/// One of them, and the normal distribution that it is drawn from.
struct RandomParameter {
  std::string name;
  std::vector<std::int64_t> shape;
  double mean = 0;
  double deviation = 0;
};

/// As make_random_weights on the meta device, and adds each parameter to `list` in the order in
/// which one generator draws them all: who draws them likewise gets the same numbers.
std::unique_ptr<Weights> list_random_weights(std::vector<RandomParameter>& list);

} // namespace bench::models
