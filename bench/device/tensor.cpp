#include <bench/base/fnv1a.h>
#include <bench/device/tensor.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/isfinite.h>

#include <fmt/format.h>

namespace bench::device {

Digest digest(const at::Tensor& output) {
  const at::Tensor host = output.to(at::kCPU).contiguous();
  const std::string_view bytes(static_cast<const char*>(host.const_data_ptr()), host.nbytes());
  return {.finite = at::isfinite(output).all().item<bool>(),
          .checksum = fmt::format("{:016x}", fnv1a(bytes)),
          .rms = output.to(at::kDouble).square().mean().sqrt().item<double>()};
}

c10::ScalarType torch_type(scenario::DType dtype) {
  switch (dtype) {
  case scenario::DType::bf16:
    return at::kBFloat16;
  case scenario::DType::fp16:
    return at::kHalf;
  case scenario::DType::fp32:
    break;
  }
  return at::kFloat;
}

} // namespace bench::device
