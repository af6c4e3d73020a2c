#pragma once

#include <kernels/operators.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

/// The operators as things to measure and to test: for each its inputs at a shape, how a path runs
/// it, and what it must return. Kernel cases, the tests of all paths and the catalog go by this
/// table.
namespace kernels {

/// `rows` rows of `width` elements; with heads > 1 each row is so many heads of `width` elements.
struct Shape {
  std::int64_t rows = 1;
  std::int64_t heads = 1;
  std::int64_t width = 1;
  c10::ScalarType dtype = c10::ScalarType::BFloat16;

  double elements() const {
    return static_cast<double>(rows) * static_cast<double>(heads) * static_cast<double>(width);
  }
};

/// Z-Image's.
inline constexpr double kEps = 1e-5;

/// What one launch reads.
struct Inputs {
  std::vector<at::Tensor> activations; ///< as large as the shape: these rotate between launches
  std::vector<at::Tensor> parameters;  ///< weights and modulation
  double eps = kEps;                   ///< of operators that have none: not read
};

struct Family {
  std::string_view name; ///< as in `kernels.<name>` and in case ids: the operator's
  std::string_view summary;
  /// Raised when what a case of it computes changes, so that older results are not compared.
  int work_version = 1;
  bool has_heads = false; ///< its shapes are ROWSxHEADSxWIDTH
  /// Random inputs on `device`, drawn from its default generator.
  Inputs (*make)(const Shape& shape, c10::Device device);
  std::vector<at::Tensor> (*run)(const Operators& path, const Inputs& inputs);
  /// The same in fp64, by the formula.
  std::vector<at::Tensor> (*exact)(const Inputs& inputs);
  /// Activations read and written by a launch, in tensors of the shape: 2 for rms_norm.
  double traffic = 2;
  double flop_per_element = 4;
};

const std::vector<Family>& families();

/// The one of that name, or nullptr.
const Family* find_family(std::string_view name);

/// The least bytes a launch moves: each activation and each vector once.
double bytes(const Family& family, const Shape& shape);
double flop(const Family& family, const Shape& shape);

} // namespace kernels
