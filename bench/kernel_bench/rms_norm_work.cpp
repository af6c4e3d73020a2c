#include <bench/base/error.h>
#include <bench/kernel_bench/kernel_work.h>
#include <kernels/reference/rms_norm.h>
#include <kernels/rms_norm.h>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/randn.h>

#include <fmt/format.h>

namespace bench::kernel_bench {
namespace {

constexpr double kEps = 1e-5; // Z-Image's

class RmsNormWork final : public KernelWork {
 public:
  RmsNormWork(const scenario::KernelCase& kernel, kernels::RmsNorm norm, int sets,
              std::uint64_t seed, device::Device& device)
      : shape_(kernel.shape), norm_(norm) {
    const auto options =
        at::TensorOptions().device(device.torch_device()).dtype(device::torch_type(shape_.dtype));
    at::manual_seed(seed);
    for (int i = 0; i < sets; ++i) {
      inputs_.push_back(at::randn({shape_.rows, shape_.width}, options));
      outputs_.push_back(at::empty_like(inputs_.back()));
    }
    weight_ = (at::randn({shape_.width}, options.dtype(at::kFloat)) * 0.1 + 1)
                  .to(options.dtype().toScalarType());
  }

  // The previous output is let go only after the new one is made, so that outputs rotate as inputs
  // do.
  void launch(int set) override { outputs_[at(set)] = norm_(inputs_[at(set)], weight_, kEps); }
  void copy(int set) override { outputs_[at(set)].copy_(inputs_[at(set)]); }
  kernels::reference::Accuracy accuracy() override {
    return kernels::reference::accuracy(outputs_[0],
                                        kernels::reference::rms_norm(inputs_[0], weight_, kEps));
  }
  device::Digest digest() override { return device::digest(outputs_[0]); }
  double bytes() const override {
    return kernels::rms_norm_bytes(static_cast<double>(shape_.rows),
                                   static_cast<double>(shape_.width),
                                   static_cast<double>(size_of(shape_.dtype)));
  }
  double flop() const override {
    return kernels::rms_norm_flop(static_cast<double>(shape_.rows),
                                  static_cast<double>(shape_.width));
  }

 private:
  static std::size_t at(int set) { return static_cast<std::size_t>(set); }

  scenario::KernelShape shape_;
  kernels::RmsNorm norm_;
  std::vector<at::Tensor> inputs_, outputs_;
  at::Tensor weight_;
};

} // namespace

std::int64_t footprint(const scenario::KernelCase& kernel) {
  return 2 * kernel.shape.rows * kernel.shape.width * size_of(kernel.shape.dtype);
}

std::unique_ptr<KernelWork> make_work(const scenario::KernelCase& kernel, int sets,
                                      std::uint64_t seed, device::Device& device) {
  const auto* path =
      kernel.family == "rms_norm" ? kernels::find_rms_norm_path(kernel.path) : nullptr;
  if (!path)
    throw UsageError(
        fmt::format("no {} path '{}'; `bench list paths` names them", kernel.family, kernel.path));
  // Output of the recording beside that of the warm-up, fp64 copies of the check, temporaries of a
  // chain.
  const std::int64_t needed = footprint(kernel) * (2 * sets + 16), free = device.free_memory();
  if (needed > free)
    throw UnavailableError(fmt::format("{} {} needs {:.1f} GiB and {:.1f} GiB are free on {}",
                                       kernel.family, to_string(kernel.shape),
                                       static_cast<double>(needed) / (1 << 30),
                                       static_cast<double>(free) / (1 << 30), device.name()));
  return std::make_unique<RmsNormWork>(kernel, path->run, sets, seed, device);
}

} // namespace bench::kernel_bench
