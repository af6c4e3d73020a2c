#include <kernels/dispatched/dispatched_path.h>

#include <ATen/core/Tensor.h>

#include <utility>

namespace kernels::dispatched {
namespace {

class DispatchedOperators final : public Operators {
 public:
  DispatchedOperators(std::shared_ptr<const Operators> native,
                      std::shared_ptr<const Operators> one_pass,
                      std::shared_ptr<const Operators> wide)
      : native_(std::move(native)), one_pass_(std::move(one_pass)), wide_(std::move(wide)) {}

  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const override {
    return chosen(x, false).rms_norm(x, weight, eps);
  }

  std::pair<at::Tensor, at::Tensor> add_rms_norm(const at::Tensor& x, const at::Tensor& a,
                                                 const at::Tensor& weight,
                                                 double eps) const override {
    return chosen(x, true).add_rms_norm(x, a, weight, eps);
  }

 private:
  const Operators& chosen(const at::Tensor& x, bool has_residual) const {
    switch (route(x.scalar_type(), x.size(-1), has_residual)) {
    case Route::native:
      return *native_;
    case Route::one_pass:
      return *one_pass_;
    case Route::wide:
      break;
    }
    return *wide_;
  }

  std::shared_ptr<const Operators> native_;
  std::shared_ptr<const Operators> one_pass_;
  std::shared_ptr<const Operators> wide_;
};

} // namespace

Route route(c10::ScalarType dtype, std::int64_t width, bool has_residual) {
  constexpr std::int64_t kWidestHead = 128;
  if (has_residual)
    return Route::wide;
  if (dtype == c10::ScalarType::Float)
    return Route::native;
  return width <= kWidestHead ? Route::one_pass : Route::wide;
}

std::shared_ptr<const Operators> make_operators(std::shared_ptr<const Operators> native,
                                                std::shared_ptr<const Operators> one_pass,
                                                std::shared_ptr<const Operators> wide) {
  return std::make_shared<DispatchedOperators>(std::move(native), std::move(one_pass),
                                               std::move(wide));
}

} // namespace kernels::dispatched
