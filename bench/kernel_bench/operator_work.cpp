#include <bench/base/error.h>
#include <bench/kernel_bench/kernel_work.h>
#include <bench/profile/operation.h>
#include <kernels/families.h>
#include <kernels/paths.h>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace bench::kernel_bench {
namespace {

kernels::Shape to_shape(const scenario::KernelShape& shape) {
  return {.rows = shape.rows,
          .heads = shape.heads,
          .width = shape.width,
          .dtype = device::torch_type(shape.dtype)};
}

const kernels::Family& family_of(const scenario::KernelCase& kernel) {
  const kernels::Family* family = kernels::find_family(kernel.family);
  if (!family)
    throw UsageError(
        fmt::format("no kernel family '{}'; `bench list paths` names them", kernel.family));
  return *family;
}

class OperatorWork final : public KernelWork {
 public:
  OperatorWork(const kernels::Family& family, const kernels::Shape& shape,
               const kernels::Operators& path, int sets, std::uint64_t seed, device::Device& device)
      : family_(family), name_(family.name), shape_(shape), path_(path),
        outputs_(static_cast<std::size_t>(sets)) {
    at::manual_seed(seed);
    for (int i = 0; i < sets; ++i) {
      inputs_.push_back(family.make(shape, device.torch_device()));
      inputs_.back().parameters = inputs_.front().parameters;
    }
  }

  // The previous outputs are let go only after the new ones are made, so that outputs rotate as
  // inputs do.
  void launch(int set) override {
    const profile::Operation operation(name_.c_str());
    outputs_[at(set)] = family_.run(path_, inputs_[at(set)]);
  }

  kernels::reference::Accuracy accuracy() override {
    const std::vector<at::Tensor> exact = family_.exact(inputs_[0]);
    kernels::reference::Accuracy worst;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      check_kind(outputs_[0][i], exact[i]);
      const auto one = kernels::reference::accuracy(outputs_[0][i], exact[i]);
      worst.finite = worst.finite && one.finite;
      worst.max_abs_error = std::max(worst.max_abs_error, one.max_abs_error);
      worst.max_ulp = std::max(worst.max_ulp, one.max_ulp);
      worst.exact_share = std::min(worst.exact_share, one.exact_share);
    }
    return worst;
  }
  device::Digest digest() override { return device::digest(outputs_[0].back()); }
  double bytes() const override { return kernels::bytes(family_, shape_); }
  double flop() const override { return kernels::flop(family_, shape_); }

 private:
  /// A launch that makes something else is other work.
  void check_kind(const at::Tensor& output, const at::Tensor& exact) const {
    const auto kind = [](at::ScalarType type, at::IntArrayRef sizes) {
      return fmt::format("{} [{}]", c10::toString(type), fmt::join(sizes, ", "));
    };
    if (output.scalar_type() != shape_.dtype || output.sizes() != exact.sizes())
      throw InvalidError(fmt::format(
          "the operator returned {} where {} is due: its speed means nothing",
          kind(output.scalar_type(), output.sizes()), kind(shape_.dtype, exact.sizes())));
    for (const at::Tensor& activation : inputs_[0].activations)
      if (output.is_alias_of(activation))
        throw InvalidError(
            "the operator returned its input where a new tensor is due: its speed means nothing");
  }

  static std::size_t at(int set) { return static_cast<std::size_t>(set); }

  const kernels::Family& family_;
  std::string name_;
  kernels::Shape shape_;
  const kernels::Operators& path_;
  std::vector<kernels::Inputs> inputs_;
  std::vector<std::vector<at::Tensor>> outputs_;
};

} // namespace

std::int64_t footprint(const scenario::KernelCase& kernel) {
  const kernels::Shape shape = to_shape(kernel.shape);
  return static_cast<std::int64_t>(family_of(kernel).traffic * shape.elements()) *
         size_of(kernel.shape.dtype);
}

std::unique_ptr<KernelWork> make_work(const scenario::KernelCase& kernel, int sets,
                                      std::uint64_t seed, device::Device& device,
                                      std::int64_t reserved_bytes) {
  const kernels::Family& family = family_of(kernel);
  const kernels::Path* path = kernels::find_path(kernel.path);
  if (!path)
    throw UsageError(
        fmt::format("no {} path '{}'; `bench list paths` names them", kernel.family, kernel.path));
  if (path->is_floor)
    throw UsageError(
        fmt::format("path {} leaves {} out: only loops run it", path->name, kernel.family));
  if (!path->runs_on(device.torch_device().type()))
    throw UnavailableError(fmt::format("path {} does not run on {}", path->name, device.name()));
  // Output of the recording beside that of the warm-up, fp64 copies of the check, temporaries of a
  // chain.
  const std::int64_t needed = footprint(kernel) * (2 * sets + 16),
                     free = device.free_memory() + reserved_bytes;
  if (needed > free)
    throw UnavailableError(fmt::format("{} {} needs {:.1f} GiB and {:.1f} GiB are free on {}",
                                       kernel.family, to_string(kernel.shape),
                                       static_cast<double>(needed) / (1 << 30),
                                       static_cast<double>(free) / (1 << 30), device.name()));
  return std::make_unique<OperatorWork>(family, to_shape(kernel.shape), *path->operators, sets,
                                        seed, device);
}

} // namespace bench::kernel_bench
