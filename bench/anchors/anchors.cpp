#include <bench/anchors/anchors.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>

namespace bench::anchors {
namespace {

constexpr int kSteps = 20;

/// One recording, replayed a step.
class Recorded final : public measure::Workload {
 public:
  explicit Recorded(std::unique_ptr<device::Recording> recording)
      : recording_(std::move(recording)) {}
  int steps() const override { return kSteps; }
  void begin() override {}
  void step(int) override { recording_->replay(); }

 private:
  std::unique_ptr<device::Recording> recording_;
};

bool on_gpu(const device::Device& device) {
  return device.kind() == scenario::DeviceKind::cuda;
}

at::TensorOptions options(const device::Device& device) {
  return at::TensorOptions().device(device.torch_device()).dtype(at::kBFloat16);
}

constexpr int kCopies = 10;

std::int64_t copied_elements(const device::Device& device) {
  return on_gpu(device) ? 128 << 20 : 1 << 20; // 256 MiB, 2 MiB
}

std::int64_t copy_bytes(const device::Device& device) {
  constexpr std::int64_t kElementBytes = 2; // read, and written
  return 2 * kCopies * kElementBytes * copied_elements(device);
}

std::unique_ptr<measure::Workload> make_copy(device::Device& device) {
  const at::Tensor from = at::randn({copied_elements(device)}, options(device)),
                   to = at::empty_like(from);
  return std::make_unique<Recorded>(device.record([from, to] {
    for (int i = 0; i < kCopies; ++i)
      to.copy_(from);
  }));
}

/// x + attention(norm(x)) and x + swiglu(norm(x)), without biases or modulation.
std::unique_ptr<measure::Workload> make_mix(device::Device& device) {
  struct Sizes {
    std::int64_t tokens, width, heads, inner;
  };
  const Sizes s = on_gpu(device) ? Sizes{4096, 3840, 30, 10240} : Sizes{64, 256, 2, 512};
  const auto matrix = [&](std::int64_t rows, std::int64_t columns) {
    return at::randn({rows, columns}, options(device)) / std::sqrt(static_cast<double>(rows));
  };
  const at::Tensor x = at::randn({s.tokens, s.width}, options(device));
  const at::Tensor packed = matrix(s.width, 3 * s.width), out = matrix(s.width, s.width);
  const at::Tensor gate = matrix(s.width, s.inner), up = matrix(s.width, s.inner),
                   down = matrix(s.inner, s.width);
  return std::make_unique<Recorded>(device.record([=] {
    const auto norm = [&](const at::Tensor& t) { return at::rms_norm(t, {s.width}, {}, 1e-5); };
    const at::Tensor qkv =
        at::matmul(norm(x), packed).view({1, s.tokens, 3, s.heads, s.width / s.heads});
    const auto part = [&](int i) { return qkv.select(2, i).transpose(1, 2); };
    const at::Tensor mixed = at::scaled_dot_product_attention(part(0), part(1), part(2))
                                 .transpose(1, 2)
                                 .reshape({s.tokens, s.width});
    const at::Tensor h = norm(x + at::matmul(mixed, out));
    const at::Tensor swiglu = at::silu(at::matmul(h, gate)) * at::matmul(h, up);
    (void)(h + at::matmul(swiglu, down));
  }));
}

} // namespace

const std::vector<Anchor>& all() {
  static const std::vector<Anchor> kAnchors{
      {.name = "copy",
       .hash = "616e63686f720001",
       .make = make_copy,
       .bytes = copy_bytes,
       .for_kernels = true},
      {.name = "mix",
       .hash = "616e63686f720002",
       .make = make_mix,
       .bytes = [](const device::Device&) -> std::int64_t { return 0; },
       .for_kernels = false},
  };
  return kAnchors;
}

} // namespace bench::anchors
