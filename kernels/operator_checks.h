#pragma once

#include <kernels/families.h>
#include <kernels/paths.h>
#include <kernels/reference/accuracy.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

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

} // namespace kernels
