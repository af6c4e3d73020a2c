#include <bench/device/tensor.h>
#include <bench/engines/engine.h>
#include <bench/stats/summary.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>

namespace bench::engines {

std::optional<MatmulPeak> matmul_peak(device::Device& device, scenario::DType dtype) {
  const bool gpu = device.kind() == scenario::DeviceKind::cuda;
  const std::int64_t n = gpu ? 8192 : 512;
  const int products = gpu ? 20 : 4, rounds = gpu ? 12 : 5;
  const auto options =
      at::TensorOptions().device(device.torch_device()).dtype(device::torch_type(dtype));
  // Random numbers, not zeros: zeros draw less power and would run faster than any model can.
  const at::Tensor a = at::randn({n, n}, options), b = at::randn({n, n}, options);
  at::Tensor c;
  const auto recording = device.record([&] {
    for (int i = 0; i < products; ++i)
      c = at::matmul(a, b);
  });
  const auto marker = device.make_marker();
  std::vector<double> times, clocks;
  marker->mark();
  for (int i = 0; i < rounds; ++i) {
    recording->replay();
    marker->mark();
  }
  for (const measure::Span& span : marker->take())
    if (span.valid) {
      times.push_back(span.t_s);
      clocks.push_back(span.f_hz);
    }
  if (times.empty())
    return std::nullopt;
  const double flop =
      2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  return MatmulPeak{.flop_per_s = products * flop / stats::median(times),
                    .f_hz = gpu ? std::optional(stats::median(clocks)) : std::nullopt};
}

} // namespace bench::engines
