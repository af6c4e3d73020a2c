#pragma once

#include <bench/scenario/scenario.h>

#include <cstdint>
#include <string>

namespace at {
class Tensor;
}
namespace c10 {
enum class ScalarType : std::int8_t;
}

namespace bench::device {

/// What is kept of a case's output.
struct Digest {
  bool finite = true;
  std::string checksum; ///< 64-bit FNV-1a of the bytes, 16 hex digits
  double rms = 0;       ///< root mean square
};

/// Copies the tensor to the host, so it synchronises.
Digest digest(const at::Tensor& output);

c10::ScalarType torch_type(scenario::DType dtype);

} // namespace bench::device
