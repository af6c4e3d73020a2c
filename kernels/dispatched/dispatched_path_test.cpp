#include <kernels/dispatched/dispatched_path.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>

#include <gtest/gtest.h>

namespace kernels::dispatched {
namespace {

TEST(Route, IsThePullRequestS) {
  using enum c10::ScalarType;
  for (const auto half : {BFloat16, Half}) {
    EXPECT_EQ(route(half, 64, false), Route::one_pass);
    EXPECT_EQ(route(half, 128, false), Route::one_pass);
    EXPECT_EQ(route(half, 129, false), Route::wide);
    EXPECT_EQ(route(half, 3840, false), Route::wide);
    EXPECT_EQ(route(half, 128, true), Route::wide);
  }
  EXPECT_EQ(route(Float, 128, false), Route::native);
  EXPECT_EQ(route(Float, 2560, false), Route::native);
  EXPECT_EQ(route(Float, 128, true), Route::wide);
}

/// Returns its number in place of a norm.
class Numbered final : public Operators {
 public:
  explicit Numbered(int number) : number_(number) {}
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor&, double) const override {
    return at::full_like(x, number_);
  }

 private:
  int number_;
};

TEST(Dispatched, RunsWhatTheRouteSays) {
  const auto path = make_operators(std::make_shared<Numbered>(1), std::make_shared<Numbered>(2),
                                   std::make_shared<Numbered>(3));
  const auto which = [&](c10::ScalarType dtype, std::int64_t width) {
    const at::Tensor x = at::zeros({2, width}, dtype);
    return path->rms_norm(x, x[0], 1e-5).max().item<float>();
  };
  EXPECT_EQ(which(at::kFloat, 128), 1);
  EXPECT_EQ(which(at::kBFloat16, 128), 2);
  EXPECT_EQ(which(at::kHalf, 256), 3);
  const at::Tensor x = at::zeros({2, 128});
  EXPECT_EQ(path->add_rms_norm(x, x, x[0], 1e-5).second.max().item<float>(), 3);
}

} // namespace
} // namespace kernels::dispatched
