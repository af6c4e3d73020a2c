#include <bench/models/weights.h>

#include <ATen/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#ifdef BENCH_CUDA
#include <ATen/cuda/CUDAGeneratorImpl.h>
#endif
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <optional>

namespace bench::models {
namespace {

std::optional<at::Generator> make_generator(c10::Device device, std::uint64_t seed) {
  std::optional<at::Generator> generator;
  if (device.is_cpu())
    generator = at::make_generator<at::CPUGeneratorImpl>(seed);
#ifdef BENCH_CUDA
  if (device.is_cuda())
    generator = at::make_generator<at::CUDAGeneratorImpl>(device.index());
#endif
  if (generator)
    generator->set_current_seed(seed);
  return generator;
}

RandomParameter distribution(std::string_view name, const std::vector<std::int64_t>& shape) {
  const bool matrix = shape.size() == 2 && !name.ends_with("pad_token");
  const bool norm = !matrix && name.ends_with("weight");
  return {.name = std::string(name),
          .shape = shape,
          .mean = norm ? 1.0 : 0.0,
          .deviation = matrix ? 1 / std::sqrt(static_cast<double>(shape[1]))
                       : norm ? 0.1
                              : 0.02};
}

class ListingWeights final : public Weights {
 public:
  explicit ListingWeights(std::vector<RandomParameter>& list)
      : Weights(c10::kMeta, c10::kFloat), list_(list) {}

 private:
  at::Tensor load(std::string_view name, const std::vector<std::int64_t>& shape) override {
    list_.push_back(distribution(name, shape));
    return at::empty(shape, at::TensorOptions().device(device()).dtype(type()));
  }

  std::vector<RandomParameter>& list_;
};

class RandomWeights final : public Weights {
 public:
  RandomWeights(c10::Device device, c10::ScalarType type, std::uint64_t seed, bool only_signs)
      : Weights(device, type), generator_(make_generator(device, seed)), only_signs_(only_signs) {}

 private:
  at::Tensor load(std::string_view name, const std::vector<std::int64_t>& shape) override {
    at::Tensor t = at::empty(shape, at::TensorOptions().device(device()).dtype(type()));
    if (!generator_)
      return t; // the meta device holds no values
    const RandomParameter drawn = distribution(name, shape);
    if (!only_signs_)
      return t.normal_(drawn.mean, drawn.deviation, generator_);
    return t.normal_(0, 1, generator_).sign_().mul_(drawn.deviation).add_(drawn.mean);
  }

  std::optional<at::Generator> generator_;
  bool only_signs_;
};

} // namespace

at::Tensor Weights::take(std::string_view name, std::vector<std::int64_t> shape) {
  at::Tensor t = load(name, shape);
  parameters_ += t.numel();
  return t;
}

std::unique_ptr<Weights> make_random_weights(c10::Device device, c10::ScalarType type,
                                             std::uint64_t seed, bool only_signs) {
  return std::make_unique<RandomWeights>(device, type, seed, only_signs);
}

std::unique_ptr<Weights> list_random_weights(std::vector<RandomParameter>& list) {
  return std::make_unique<ListingWeights>(list);
}

} // namespace bench::models
