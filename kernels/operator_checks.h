#pragma once

#include <kernels/families.h>
#include <kernels/paths.h>
#include <kernels/reference/accuracy.h>
#include <kernels/reference/formulas.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/matmul.h>

#include <gtest/gtest.h>

#include <string>

/// What the tests on the CPU and on the GPU ask of every path.
namespace kernels {

inline double unit_roundoff(c10::ScalarType type) {
  switch (type) {
  case c10::ScalarType::BFloat16:
    return 0x1p-8;
  case c10::ScalarType::Half:
    return 0x1p-11;
  default:
    return 0x1p-21; // sums of thousands of fp32 terms
  }
}

inline std::string name_of(const Shape& s) {
  return std::to_string(s.rows) + "x" + std::to_string(s.heads) + "x" + std::to_string(s.width) +
         "." + c10::toString(s.dtype);
}

/// Each output of `path` is the formula's in fp64, but for a few roundings to its type: of values
/// near one, where sums cancel.
inline void expect_agrees(const Family& family, const Path& path, const Shape& shape,
                          const Inputs& inputs, double roundings = 6) {
  const auto outputs = family.run(*path.operators, inputs);
  const auto exact = family.exact(inputs);
  ASSERT_EQ(outputs.size(), exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    SCOPED_TRACE(std::string(family.name) + " " + path.name + " " + name_of(shape) + " output " +
                 std::to_string(i));
    EXPECT_EQ(outputs[i].scalar_type(), shape.dtype);
    EXPECT_TRUE(outputs[i].is_contiguous());
    ASSERT_EQ(outputs[i].sizes(), exact[i].sizes());
    const at::Tensor error = (outputs[i].to(at::kDouble) - exact[i]).abs() / (exact[i].abs() + 1);
    EXPECT_LE(error.max().item<double>(), roundings * unit_roundoff(shape.dtype));
  }
}

/// swiglu of a product, likewise. A product that is rounded before its activation costs a rounding
/// of each factor more; products of fp32 may run in TF32 nowhere.
inline void expect_linear_gelu_agrees(const Path& path, const at::Tensor& x,
                                      const at::Tensor& weight, const at::Tensor& bias) {
  SCOPED_TRACE(path.name + " " + c10::toString(x.scalar_type()) + " " + std::to_string(x.size(0)) +
               "x" + std::to_string(x.size(1)) + " to " + std::to_string(weight.size(0)));
  const at::Tensor out = path.operators->linear_gelu(x, weight, bias);
  const at::Tensor exact = reference::gelu_tanh(
      at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t()) + bias.to(at::kDouble));
  EXPECT_EQ(out.scalar_type(), x.scalar_type());
  ASSERT_EQ(out.sizes(), exact.sizes());
  const at::Tensor error = (out.to(at::kDouble) - exact).abs() / (exact.abs() + 1);
  EXPECT_LE(error.max().item<double>(), 6 * unit_roundoff(x.scalar_type()));
}

inline void expect_linear_swiglu_agrees(const Path& path, const at::Tensor& x,
                                        const at::Tensor& weight) {
  SCOPED_TRACE(path.name + " " + c10::toString(x.scalar_type()) + " " + std::to_string(x.size(0)) +
               "x" + std::to_string(x.size(1)) + " to " + std::to_string(weight.size(0) / 2));
  const at::Tensor out = path.operators->linear_swiglu(x, weight);
  const at::Tensor exact =
      reference::swiglu(at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t()));
  EXPECT_EQ(out.scalar_type(), x.scalar_type());
  EXPECT_TRUE(out.is_contiguous());
  ASSERT_EQ(out.sizes(), exact.sizes());
  const at::Tensor error = (out.to(at::kDouble) - exact).abs() / (exact.abs() + 1);
  EXPECT_LE(error.max().item<double>(), 6 * unit_roundoff(x.scalar_type()));
}

} // namespace kernels
