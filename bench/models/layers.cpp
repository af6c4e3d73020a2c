#include <bench/models/layers.h>
#include <bench/models/weights.h>
#include <bench/profile/operation.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/view_as_complex.h>

#include <cmath>
#include <numeric>

namespace bench::models {

at::Tensor Linear::operator()(const at::Tensor& x) const {
  const profile::Operation operation("linear");
  return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
}

Linear take_linear(Weights& weights, const std::string& name, std::int64_t outputs,
                   std::int64_t inputs, bool bias) {
  Linear linear{.weight = weights.take(name + ".weight", {outputs, inputs}), .bias = {}};
  if (bias)
    linear.bias = weights.take(name + ".bias", {outputs});
  return linear;
}

Linear take_packed(Weights& weights, const std::vector<std::string>& names,
                   const std::vector<std::int64_t>& outputs, std::int64_t inputs, bool bias) {
  const std::int64_t all = std::accumulate(outputs.begin(), outputs.end(), std::int64_t{0});
  const auto options = at::TensorOptions().device(weights.device()).dtype(weights.type());
  Linear packed{.weight = at::empty({all, inputs}, options), .bias = {}};
  if (bias)
    packed.bias = at::empty({all}, options);
  // Part by part into its place: no more than one part is there twice.
  std::int64_t first = 0;
  for (std::size_t i = 0; i < names.size(); first += outputs[i++]) {
    const Linear part = take_linear(weights, names[i], outputs[i], inputs, bias);
    packed.weight.narrow(0, first, outputs[i]).copy_(part.weight);
    if (bias)
      packed.bias.narrow(0, first, outputs[i]).copy_(part.bias);
  }
  return packed;
}

at::Tensor EmbeddingMlp::operator()(const at::Tensor& x) const {
  const profile::Operation operation("embedding");
  return out(at::silu(in(x)));
}

EmbeddingMlp take_embedding(Weights& weights, const std::string& name, std::int64_t inputs,
                            std::int64_t outputs, bool bias) {
  return {.in = take_linear(weights, name + ".linear_1", outputs, inputs, bias),
          .out = take_linear(weights, name + ".linear_2", outputs, outputs, bias)};
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     std::int64_t batch) {
  const profile::Operation operation("attention");
  const auto heads_first = [&](const at::Tensor& t) {
    return t.unflatten(0, {batch, -1}).transpose(1, 2);
  };
  const at::Tensor out =
      at::scaled_dot_product_attention(heads_first(q), heads_first(k), heads_first(v));
  return out.transpose(1, 2).flatten(2).flatten(0, 1);
}

at::Tensor rotations(const std::vector<std::vector<std::int64_t>>& positions,
                     const std::vector<std::int64_t>& axes, double theta) {
  std::int64_t half = 0;
  for (const std::int64_t a : axes)
    half += a / 2;
  at::Tensor table = at::empty({static_cast<std::int64_t>(positions.size()), half, 2}, at::kFloat);
  float* out = table.mutable_data_ptr<float>();
  for (const auto& position : positions)
    for (std::size_t axis = 0; axis < axes.size(); ++axis)
      for (std::int64_t i = 0; i < axes[axis] / 2; ++i) {
        const double frequency =
            std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(axes[axis]));
        const float angle = static_cast<float>(static_cast<double>(position[axis]) * frequency);
        *out++ = std::cos(angle);
        *out++ = std::sin(angle);
      }
  return at::view_as_complex(table);
}

at::Tensor timestep_frequencies(std::int64_t half, at::TensorOptions options) {
  const at::Tensor i = at::arange(half, options.dtype(at::kFloat));
  return at::exp(i * (-std::log(10000.0) / static_cast<double>(half)));
}

at::Tensor timestep_embedding(const at::Tensor& t, const at::Tensor& frequencies, double scale) {
  const profile::Operation operation("embedding");
  at::Tensor angle = t.unsqueeze(1) * frequencies.unsqueeze(0);
  if (scale != 1)
    angle = angle * scale;
  return at::cat({at::cos(angle), at::sin(angle)}, 1);
}

at::Tensor patchify(const at::Tensor& image, std::int64_t p) {
  const profile::Operation operation("patchify");
  const std::int64_t b = image.size(0), c = image.size(1), rows = image.size(2) / p,
                     columns = image.size(3) / p;
  return image.view({b, c, rows, p, columns, p})
      .permute({0, 2, 4, 3, 5, 1})
      .reshape({b, rows * columns, p * p * c});
}

at::Tensor unpatchify(const at::Tensor& tokens, std::int64_t channels, std::int64_t height,
                      std::int64_t width, std::int64_t p) {
  const profile::Operation operation("unpatchify");
  const std::int64_t b = tokens.size(0);
  return tokens.reshape({b, height / p, width / p, p, p, channels})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({b, channels, height, width});
}

} // namespace bench::models
