#include <kernels/families.h>
#include <kernels/reference/formulas.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/view_as_complex.h>

#include <algorithm>

namespace kernels {
namespace {

at::Tensor wide(const at::Tensor& x) {
  return x.to(at::kDouble);
}

at::Tensor activation(const Shape& shape, c10::Device device) {
  return at::randn({shape.rows, shape.width},
                   at::TensorOptions().device(device).dtype(shape.dtype));
}

/// Around `centre`, as trained weights and modulations are.
at::Tensor vector(const Shape& shape, c10::Device device, double centre) {
  return (at::randn({shape.width}, at::TensorOptions().device(device)) * 0.1 + centre)
      .to(shape.dtype);
}

template <int activations, int... centres>
Inputs make(const Shape& shape, c10::Device device) {
  Inputs in;
  for (int i = 0; i < activations; ++i)
    in.activations.push_back(activation(shape, device));
  (in.parameters.push_back(vector(shape, device, centres)), ...);
  return in;
}

/// q and k as a packed product holds them, v beside them; a rotation of every token.
Inputs make_qk(const Shape& s, c10::Device device) {
  const auto options = at::TensorOptions().device(device);
  const at::Tensor angle = at::rand({s.rows, s.width / 2}, options) * 6.283;
  Inputs in;
  in.activations.push_back(at::randn({s.rows, 3, s.heads, s.width}, options.dtype(s.dtype)));
  in.parameters = {vector(s, device, 1), vector(s, device, 1),
                   at::view_as_complex(at::stack({angle.cos(), angle.sin()}, -1))};
  return in;
}

Inputs make_packed(const Shape& s, c10::Device device) {
  return {.activations = {activation({s.rows, s.heads, 2 * s.width, s.dtype}, device)},
          .parameters = {}};
}

std::vector<at::Tensor> both(std::pair<at::Tensor, at::Tensor> pair) {
  return {std::move(pair.first), std::move(pair.second)};
}

/// Norm of q's and k's heads by the operator `kRun`, and rotation by the formula `kRotate`.
template <auto kRun, auto kRotate>
Family qk_family(std::string_view name, std::string_view summary) {
  using Tensors = std::vector<at::Tensor>;
  return {.name = name,
          .summary = summary,
          .work_version = 1,
          .has_heads = true,
          .make = make_qk,
          .run = [](const Operators& path, const Inputs& in) -> Tensors {
            return both((path.*kRun)(in.activations[0].select(1, 0), in.activations[0].select(1, 1),
                                     in.parameters[0], in.parameters[1], in.parameters[2], in.eps));
          },
          .exact = [](const Inputs& in) -> Tensors {
            const auto turned = [&](int part) {
              return kRotate(reference::rms_norm(in.activations[0].select(1, part),
                                                 in.parameters[static_cast<std::size_t>(part)],
                                                 in.eps),
                             in.parameters[2]);
            };
            return {turned(0), turned(1)};
          },
          .traffic = 4,
          .flop_per_element = 14};
}

std::vector<Family> make_families() {
  using Tensors = std::vector<at::Tensor>;
  std::vector<Family> all;
  all.push_back({.name = "rms_norm",
                 .summary = "rms_norm(x) * weight",
                 .work_version = 1,
                 .make = make<1, 1>,
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return {path.rms_norm(in.activations[0], in.parameters[0], in.eps)};
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   return {reference::rms_norm(in.activations[0], in.parameters[0], in.eps)};
                 },
                 .traffic = 2,
                 .flop_per_element = 4});
  all.push_back({.name = "rms_norm_scale",
                 .summary = "rms_norm(x) * weight * scale",
                 .work_version = 1,
                 .make = make<1, 1, 1>,
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return {path.rms_norm_scale(in.activations[0], in.parameters[0],
                                               in.parameters[1], in.eps)};
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   return {reference::rms_norm(in.activations[0], in.parameters[0], in.eps) *
                           wide(in.parameters[1])};
                 },
                 .traffic = 2,
                 .flop_per_element = 5});
  all.push_back({.name = "rms_norm_scale_shift",
                 .summary = "rms_norm(x) * weight * scale + shift",
                 .work_version = 1,
                 .make = make<1, 1, 1, 0>,
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return {path.rms_norm_scale_shift(in.activations[0], in.parameters[0],
                                                     in.parameters[1], in.parameters[2], in.eps)};
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   return {reference::rms_norm(in.activations[0], in.parameters[0], in.eps) *
                               wide(in.parameters[1]) +
                           wide(in.parameters[2])};
                 },
                 .traffic = 2,
                 .flop_per_element = 6});
  all.push_back({.name = "add_gated_rms_norm",
                 .summary = "x + gate * rms_norm(a) * weight",
                 .work_version = 1,
                 .make = make<2, 0, 1>,
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return {path.add_gated_rms_norm(in.activations[0], in.parameters[0],
                                                   in.activations[1], in.parameters[1], in.eps)};
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   return {wide(in.activations[0]) +
                           wide(in.parameters[0]) *
                               reference::rms_norm(in.activations[1], in.parameters[1], in.eps)};
                 },
                 .traffic = 3,
                 .flop_per_element = 6});
  all.push_back(
      {.name = "add_gated_rms_norm_then_scale",
       .summary = "y = x + gate * rms_norm(a) * weight and rms_norm(y) * weight2 * scale",
       .work_version = 1,
       .make = make<2, 0, 1, 1, 1>,
       .run = [](const Operators& path, const Inputs& in) -> Tensors {
         return both(path.add_gated_rms_norm_then_scale(
             in.activations[0], in.parameters[0], in.activations[1], in.parameters[1],
             in.parameters[2], in.parameters[3], in.eps));
       },
       .exact = [](const Inputs& in) -> Tensors {
         const at::Tensor y = wide(in.activations[0]) +
                              wide(in.parameters[0]) *
                                  reference::rms_norm(in.activations[1], in.parameters[1], in.eps);
         return {y, reference::rms_norm(y, in.parameters[2], in.eps) * wide(in.parameters[3])};
       },
       .traffic = 4,
       .flop_per_element = 11});
  all.push_back({.name = "add_rms_norm",
                 .summary = "y = x + a and rms_norm(y) * weight",
                 .work_version = 1,
                 .make = make<2, 1>,
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return both(path.add_rms_norm(in.activations[0], in.activations[1],
                                                 in.parameters[0], in.eps));
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   const at::Tensor y = wide(in.activations[0]) + wide(in.activations[1]);
                   return {y, reference::rms_norm(y, in.parameters[0], in.eps)};
                 },
                 .traffic = 4,
                 .flop_per_element = 5});
  all.push_back(qk_family<&Operators::qk_rms_norm_rope, reference::rotate>(
      "qk_rms_norm_rope", "rms_norm of every head of q and k in a packed q|k|v, then rotated"));
  all.push_back(qk_family<&Operators::qk_rms_norm_rope_half_split, reference::rotate_half_split>(
      "qk_rms_norm_rope_half_split", "the same, with element i turned against i + width / 2"));
  all.push_back({.name = "layer_norm_scale_shift",
                 .summary = "layer_norm(x) * scale + shift",
                 .work_version = 1,
                 .make = make<1, 1, 0>,
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return {path.layer_norm_scale_shift(in.activations[0], in.parameters[0],
                                                       in.parameters[1], in.eps)};
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   return {reference::layer_norm(in.activations[0], in.eps) *
                               wide(in.parameters[0]) +
                           wide(in.parameters[1])};
                 },
                 .traffic = 2,
                 .flop_per_element = 7});
  all.push_back({.name = "add_gated",
                 .summary = "x + gate * a",
                 .work_version = 1,
                 .make = make<2, 0>,
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return {path.add_gated(in.activations[0], in.parameters[0], in.activations[1])};
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   return {wide(in.activations[0]) +
                           wide(in.parameters[0]) * wide(in.activations[1])};
                 },
                 .traffic = 3,
                 .flop_per_element = 2});
  all.push_back({.name = "add_gated_then_layer_norm",
                 .summary = "y = x + gate * a and layer_norm(y) * scale + shift",
                 .work_version = 1,
                 .make = make<2, 0, 1, 0>,
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return both(path.add_gated_then_layer_norm(in.activations[0], in.parameters[0],
                                                              in.activations[1], in.parameters[1],
                                                              in.parameters[2], in.eps));
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   const at::Tensor y =
                       wide(in.activations[0]) + wide(in.parameters[0]) * wide(in.activations[1]);
                   return {y, reference::layer_norm(y, in.eps) * wide(in.parameters[1]) +
                                  wide(in.parameters[2])};
                 },
                 .traffic = 4,
                 .flop_per_element = 9});
  all.push_back(
      {.name = "swiglu",
       .summary = "silu(gate) * up of a packed gate|up",
       .work_version = 1,
       .make = make_packed,
       .run = [](const Operators& path, const Inputs& in) -> Tensors {
         return {path.swiglu(in.activations[0])};
       },
       .exact = [](const Inputs& in) -> Tensors { return {reference::swiglu(in.activations[0])}; },
       .traffic = 3,
       .flop_per_element = 5});
  return all;
}

} // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> all = make_families();
  return all;
}

const Family* find_family(std::string_view name) {
  const auto it = std::ranges::find(families(), name, &Family::name);
  return it == families().end() ? nullptr : &*it;
}

double bytes(const Family& family, const Shape& shape) {
  // Vectors and rotations are small beside the activations, but not beside a tiny shape's.
  const Inputs sizes = family.make(shape, c10::kMeta);
  double parameters = 0;
  for (const at::Tensor& p : sizes.parameters)
    parameters += static_cast<double>(p.nbytes());
  return family.traffic * shape.elements() * static_cast<double>(c10::elementSize(shape.dtype)) +
         parameters;
}

double flop(const Family& family, const Shape& shape) {
  return family.flop_per_element * shape.elements();
}

} // namespace kernels
