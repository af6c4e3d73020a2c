#include <bench/models/layers.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/view_as_complex.h>

#include <cmath>

namespace bench::models {

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const auto batched = [](const at::Tensor& t) { return t.transpose(0, 1).unsqueeze(0); };
  const at::Tensor out = at::scaled_dot_product_attention(batched(q), batched(k), batched(v));
  return out.squeeze(0).transpose(0, 1).flatten(1);
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

at::Tensor timestep_embedding(const at::Tensor& t, const at::Tensor& frequencies) {
  const at::Tensor angle = t.unsqueeze(1) * frequencies.unsqueeze(0);
  return at::cat({at::cos(angle), at::sin(angle)}, 1);
}

at::Tensor patchify(const at::Tensor& image, std::int64_t p) {
  const std::int64_t c = image.size(0), rows = image.size(1) / p, columns = image.size(2) / p;
  return image.view({c, rows, p, columns, p})
      .permute({1, 3, 2, 4, 0})
      .reshape({rows * columns, p * p * c});
}

at::Tensor unpatchify(const at::Tensor& tokens, std::int64_t channels, std::int64_t height,
                      std::int64_t width, std::int64_t p) {
  return tokens.view({height / p, width / p, p, p, channels})
      .permute({4, 0, 2, 1, 3})
      .reshape({channels, height, width});
}

} // namespace bench::models
