#pragma once

#include <kernels/families.h>
#include <kernels/guarded_memory.h>
#include <kernels/paths.h>
#include <kernels/reference/accuracy.h>
#include <kernels/reference/formulas.h>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/where.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

/// What the tests on the CPU and on the GPU ask of every path.
namespace kernels {

/// The most that rounding to the type once changes a number by, relative to it.
inline double unit_roundoff(c10::ScalarType type) {
  switch (type) {
  case c10::ScalarType::BFloat16:
    return 0x1p-8;
  case c10::ScalarType::Half:
    return 0x1p-11;
  default:
    return 0x1p-24;
  }
}

inline std::string name_of(const Shape& s) {
  return std::to_string(s.rows) + "x" + std::to_string(s.heads) + "x" + std::to_string(s.width) +
         "." + c10::toString(s.dtype);
}

inline constexpr c10::ScalarType kTypes[] = {at::kBFloat16, at::kHalf, at::kFloat};

/// A product's sums depend on what kernel its library takes for a layout, and its errors on their
/// length.
inline bool is_product(const Family& family) {
  return family.name.starts_with("linear");
}

/// How many roundings an operator that is no product may be off: six. Sums are in fp32, so in fp32
/// their own count too, and those of a root, which on the GPU is up to two ulp off (four
/// roundings): ten more. On the CPU six suffice.
inline double roundings_of(c10::ScalarType type) {
  return type == at::kFloat ? 16 : 6;
}

/// A product in fp32 sums as many terms of either sign, whose roundings go astray like a random
/// walk.
inline double roundings_of_product(c10::ScalarType type, std::int64_t inputs) {
  return type == at::kFloat ? 6 + 3 * std::sqrt(inputs) : 6;
}

/// The GELU that cuBLASLt puts behind a product is off by up to 4.7e-6, 79 roundings in fp32.
inline double roundings_of(const Family& family, const Shape& shape) {
  if (!is_product(family))
    return roundings_of(shape.dtype);
  return (family.name == "linear_gelu" && shape.dtype == at::kFloat ? 80 : 0) +
         roundings_of_product(shape.dtype, shape.width);
}

inline std::vector<std::int64_t> widths_of(const Family& family) {
  if (family.has_heads || is_product(family))
    return {64, 128, 256};
  return {128, 1024, 3840};
}

/// While one lives, what at::empty returns is full of NaN: an output that is not written shows. Of
/// torch's own making, so it holds for every size and does not hang on what an allocator hands out.
class NanMemory {
 public:
  NanMemory() { at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true); }
  ~NanMemory() { at::globalContext().setDeterministicAlgorithms(false, /*warn_only=*/false); }
  NanMemory(const NanMemory&) = delete;
  NanMemory& operator=(const NanMemory&) = delete;
};

/// Every byte of the memory that `t` is a view of.
inline at::Tensor memory_of(const at::Tensor& t) {
  const auto size = static_cast<std::int64_t>(t.storage().nbytes());
  return at::empty({0}, t.options().dtype(at::kByte)).set_(t.storage(), 0, {size}, {1});
}

/// What `run` returns; memory is NaN until it writes it, and what lies beside that must be as it
/// was. So must its inputs, and what lies around those that are views.
template <typename Run>
auto checked(const std::vector<at::Tensor>& inputs, const Run& run) {
  std::vector<at::Tensor> before;
  for (const at::Tensor& input : inputs)
    before.push_back(memory_of(input).clone());
  auto outputs = [&] {
    const NanMemory nan;
    const GuardedMemory memory;
    auto made = run();
    EXPECT_TRUE(memory.is_intact()) << "memory beside an output was written";
    return made;
  }();
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_TRUE(at::equal(memory_of(inputs[i]), before[i]))
        << "input " << i << " was written, or memory beside it";
  return outputs;
}

inline std::vector<at::Tensor> checked_run(const Family& family, const Path& path,
                                           const Inputs& in) {
  std::vector<at::Tensor> all = in.activations;
  all.insert(all.end(), in.parameters.begin(), in.parameters.end());
  return checked(all, [&] { return family.run(*path.operators, in); });
}

/// Each output of `path` is the formula's in fp64, but for a few roundings to its type: of values
/// near one, where sums cancel.
inline void expect_agrees(const Family& family, const Path& path, const Shape& shape,
                          const Inputs& inputs) {
  SCOPED_TRACE(std::string(family.name) + " " + path.name + " " + name_of(shape));
  const auto exact = family.exact(inputs);
  const auto outputs = checked_run(family, path, inputs);
  ASSERT_EQ(outputs.size(), exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    SCOPED_TRACE("output " + std::to_string(i));
    EXPECT_EQ(outputs[i].scalar_type(), shape.dtype);
    EXPECT_TRUE(outputs[i].is_contiguous());
    ASSERT_EQ(outputs[i].sizes(), exact[i].sizes());
    const at::Tensor error = (outputs[i].to(at::kDouble) - exact[i]).abs() / (exact[i].abs() + 1);
    EXPECT_LE(error.max().item<double>(), roundings_of(family, shape) * unit_roundoff(shape.dtype));
  }
}

/// Each number of `output` is that of `exact`: NaN and infinite where that is, and else off by so
/// much at most, of values near one.
inline void expect_numbers(const at::Tensor& output, const at::Tensor& exact, double allowed) {
  ASSERT_EQ(output.sizes(), exact.sizes());
  const at::Tensor is = output.to(at::kDouble);
  const at::Tensor right =
      at::where(exact.isfinite(), (is - exact).abs() / (exact.abs() + 1) <= allowed,
                (is == exact) | (is.isnan() & exact.isnan()));
  if (right.all().item<bool>())
    return;
  const at::Tensor wrong = right.logical_not();
  ADD_FAILURE() << wrong.sum().item<std::int64_t>() << " numbers are wrong; the first is "
                << is.masked_select(wrong)[0].item<double>() << " instead of "
                << exact.masked_select(wrong)[0].item<double>();
}

/// One element in each of twelve rows is NaN or infinite: at the first and the last place of a row
/// and of parts of it, of one activation after another. Rows in between are as ever.
inline void expect_agrees_beside_what_is_not_finite(const Family& family, const Path& path,
                                                    const Shape& shape, c10::Device device) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kBad[] = {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity};
  const Inputs finite = family.make(shape, device);
  for (std::size_t i = 0; i < finite.activations.size(); ++i) {
    SCOPED_TRACE(std::string(family.name) + " " + path.name + " " + name_of(shape) +
                 " activation " + std::to_string(i));
    Inputs in = finite;
    in.activations[i] = finite.activations[i].clone();
    const at::Tensor rows = in.activations[i].view({shape.rows, -1});
    const std::int64_t size = rows.size(1);
    // Of q|k|v the ends of q, the middle of k, and v, which is not read; of gate|up either.
    std::int64_t hit = 0;
    for (const std::int64_t column : {std::int64_t{0}, size / 3 - 1, size / 2, size - 1})
      for (const double bad : kBad)
        rows[hit++ * (shape.rows - 1) / 11][column] = bad;
    const auto outputs = checked_run(family, path, in);
    auto exact = family.exact(in);
    ASSERT_EQ(outputs.size(), exact.size());
    // GELU of -inf is NaN by the formula, which has -inf * 0; its limit is as right.
    if (family.name == "linear_gelu")
      exact[0].masked_fill_(
          exact[0].isnan() & (outputs[0] == 0) & rows.isnan().any(1, true).logical_not(), 0);
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      SCOPED_TRACE("output " + std::to_string(o));
      expect_numbers(outputs[o], exact[o],
                     roundings_of(family, shape) * unit_roundoff(shape.dtype));
    }
  }
}

/// Rows of every size side by side, as their activations are multiplied by `scales` in turn. Each
/// output is within few roundings of the largest number of its row, since sums cancel; where that
/// is denormal, absolutely. What the type cannot hold is left out: swiglu squares.
inline void expect_agrees_at_scales(const Path& path, const Family& family, const Shape& shape,
                                    c10::Device device, const std::vector<double>& scales,
                                    double eps = kEps) {
  SCOPED_TRACE(std::string(family.name) + " " + path.name + " " + name_of(shape) + " eps " +
               std::to_string(eps));
  Inputs in = family.make(shape, device);
  in.eps = eps;
  for (at::Tensor activation : in.activations)
    for (std::int64_t row = 0; row < shape.rows; ++row)
      activation[row].mul_(scales[static_cast<std::size_t>(row) % scales.size()]);
  const auto exact = family.exact(in);
  const auto outputs = checked_run(family, path, in);
  const double spacing = shape.dtype == at::kHalf ? 0x1p-24 : // of denormal numbers
                             shape.dtype == at::kFloat ? 0x1p-149
                                                       : 0x1p-133;
  const double most = shape.dtype == at::kHalf ? 65504 : 3.38e38;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    // A residual that was rounded to a denormal number is normed, which enlarges its error.
    const double enlarged = i > 0 && !family.has_heads ? 1 / std::sqrt(eps) : 1;
    const at::Tensor size = exact[i].abs().amax(-1, true);
    const at::Tensor allowed =
        roundings_of(shape.dtype) * unit_roundoff(shape.dtype) * size + 2 * spacing * enlarged;
    const at::Tensor error = (outputs[i].to(at::kDouble) - exact[i]).abs();
    const at::Tensor excess = at::where(size < most, error / allowed, 0.0).flatten(1).amax(1);
    for (std::int64_t row = 0; row < shape.rows; ++row)
      EXPECT_LE(excess[row].item<double>(), 1)
          << "output " << i << " scale " << scales[static_cast<std::size_t>(row) % scales.size()];
  }
}

/// A product and what follows it, likewise. One that is rounded before its activation costs a
/// rounding of each factor more; products of fp32 may run in TF32 nowhere.
inline void expect_product_agrees(const at::Tensor& out, const at::Tensor& exact,
                                  at::ScalarType type, std::int64_t inputs) {
  EXPECT_EQ(out.scalar_type(), type);
  EXPECT_TRUE(out.is_contiguous());
  ASSERT_EQ(out.sizes(), exact.sizes());
  const at::Tensor error = (out.to(at::kDouble) - exact).abs() / (exact.abs() + 1);
  EXPECT_LE(error.max().item<double>(), roundings_of_product(type, inputs) * unit_roundoff(type));
}

inline std::string name_of_product(const Path& path, const at::Tensor& x, std::int64_t outputs) {
  return path.name + " " + c10::toString(x.scalar_type()) + " " + std::to_string(x.size(0)) + "x" +
         std::to_string(x.size(1)) + " to " + std::to_string(outputs);
}

inline at::Tensor exact_product(const at::Tensor& x, const at::Tensor& weight) {
  return at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
}

inline void expect_linear_gelu_agrees(const Path& path, const at::Tensor& x,
                                      const at::Tensor& weight, const at::Tensor& bias) {
  SCOPED_TRACE(name_of_product(path, x, weight.size(0)));
  const at::Tensor out =
      checked({x, weight, bias}, [&] { return path.operators->linear_gelu(x, weight, bias); });
  expect_product_agrees(out, reference::gelu_tanh(exact_product(x, weight) + bias.to(at::kDouble)),
                        x.scalar_type(), x.size(1));
}

inline void expect_linear_swiglu_agrees(const Path& path, const at::Tensor& x,
                                        const at::Tensor& weight) {
  SCOPED_TRACE(name_of_product(path, x, weight.size(0) / 2));
  const at::Tensor out =
      checked({x, weight}, [&] { return path.operators->linear_swiglu(x, weight); });
  expect_product_agrees(out, reference::swiglu(exact_product(x, weight)), x.scalar_type(),
                        x.size(1));
}

/// The families, and the operators that are none, for the rules that hold for all.
inline std::vector<Family> every_operator() {
  using Tensors = std::vector<at::Tensor>;
  constexpr std::int64_t kOutputs = 24;
  std::vector<Family> all = families();
  Family in_place = *find_family("qk_rms_norm_rope");
  in_place.name = "qk_rms_norm_rope_in_place";
  in_place.run = [](const Operators& path, const Inputs& in) -> Tensors {
    const at::Tensor q = in.activations[0].select(1, 0), k = in.activations[0].select(1, 1);
    const at::Tensor old_q = q.clone(), old_k = k.clone();
    path.qk_rms_norm_rope_in_place(q, k, in.parameters[0], in.parameters[1], in.parameters[2],
                                   in.eps);
    Tensors outputs{q.clone(at::MemoryFormat::Contiguous), k.clone(at::MemoryFormat::Contiguous)};
    q.copy_(old_q); // the rest of the packed tensor must be as it was
    k.copy_(old_k);
    return outputs;
  };
  all.push_back(in_place);
  all.push_back({.name = "linear_gelu",
                 .summary = "",
                 .make = [](const Shape& s, c10::Device device) -> Inputs {
                   const auto options = at::TensorOptions().device(device).dtype(s.dtype);
                   return {
                       .activations = {at::randn({s.rows, s.width}, options)},
                       .parameters = {at::randn({kOutputs, s.width}, options) / std::sqrt(s.width),
                                      at::randn({kOutputs}, options)}};
                 },
                 .run = [](const Operators& path, const Inputs& in) -> Tensors {
                   return {path.linear_gelu(in.activations[0], in.parameters[0], in.parameters[1])};
                 },
                 .exact = [](const Inputs& in) -> Tensors {
                   return {reference::gelu_tanh(exact_product(in.activations[0], in.parameters[0]) +
                                                in.parameters[1].to(at::kDouble))};
                 }});
  all.push_back(
      {.name = "linear_swiglu",
       .summary = "",
       .make = [](const Shape& s, c10::Device device) -> Inputs {
         const auto options = at::TensorOptions().device(device).dtype(s.dtype);
         return {.activations = {at::randn({s.rows, s.width}, options)},
                 .parameters = {at::randn({2 * kOutputs, s.width}, options) / std::sqrt(s.width)}};
       },
       .run = [](const Operators& path, const Inputs& in) -> Tensors {
         return {path.linear_swiglu(in.activations[0], in.parameters[0])};
       },
       .exact = [](const Inputs& in) -> Tensors {
         return {reference::swiglu(exact_product(in.activations[0], in.parameters[0]))};
       }});
  return all;
}

/// A path and where it is tested.
struct PathOn {
  Path path;
  c10::DeviceType device;
};

inline void PrintTo(const PathOn& on, std::ostream* out) {
  *out << on.path.name;
}

inline std::vector<PathOn> paths_on(c10::DeviceType device) {
  std::vector<PathOn> found;
  for (const Path& path : paths())
    if (path.runs_on(device) && !path.is_floor)
      found.push_back({path, device});
  return found;
}

inline std::string name_of_path(const testing::TestParamInfo<PathOn>& info) {
  return info.param.path.name;
}

/// The tests of every path, which the programs for CPU and GPU both have.
class EveryPath : public testing::TestWithParam<PathOn> {
 protected:
  EveryPath() { at::manual_seed(20962); }
  const Path& path() const { return GetParam().path; }
  c10::Device device() const { return GetParam().device; }
  at::TensorOptions options(at::ScalarType type) const {
    return at::TensorOptions().device(device()).dtype(type);
  }
  at::Tensor random(at::IntArrayRef sizes, at::ScalarType type = at::kBFloat16) const {
    return at::randn(sizes, options(type));
  }
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight) const {
    return path().operators->rms_norm(x, weight, kEps);
  }
};

} // namespace kernels
