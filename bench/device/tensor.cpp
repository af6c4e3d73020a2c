#include <bench/device/tensor.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/isfinite.h>

#include <fmt/format.h>

namespace bench::device {

Digest digest(const at::Tensor& output) {
  const at::Tensor host = output.to(at::kCPU).contiguous();
  const auto* bytes = static_cast<const unsigned char*>(host.const_data_ptr());
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < host.nbytes(); ++i)
    hash = (hash ^ bytes[i]) * 0x100000001b3;
  return {.finite = at::isfinite(host).all().item<bool>(),
          .checksum = fmt::format("{:016x}", hash),
          .rms = host.to(at::kDouble).square().mean().sqrt().item<double>()};
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
