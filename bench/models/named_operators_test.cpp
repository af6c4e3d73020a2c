#include <bench/models/named_operators.h>
#include <bench/profile/operation.h>
#include <kernels/operators.h>

#include <ATen/core/Tensor.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace bench::models {
namespace {

using at::Tensor;
using TensorPair = std::pair<Tensor, Tensor>;

/// A path that fuses every operator, and writes down under which operation each was called.
class Recorder final : public kernels::Operators {
 public:
  std::vector<std::string> calls() const { return calls_; }

  Tensor rms_norm(const Tensor&, const Tensor&, double) const override {
    return record("rms_norm");
  }
  Tensor rms_norm_scale_shift(const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                              double) const override {
    return record("rms_norm_scale_shift");
  }
  Tensor rms_norm_scale(const Tensor&, const Tensor&, const Tensor&, double) const override {
    return record("rms_norm_scale");
  }
  Tensor add_gated_rms_norm(const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                            double) const override {
    return record("add_gated_rms_norm");
  }
  TensorPair add_gated_rms_norm_then_scale(const Tensor&, const Tensor&, const Tensor&,
                                           const Tensor&, const Tensor&, const Tensor&,
                                           double) const override {
    return {record("add_gated_rms_norm_then_scale"), {}};
  }
  TensorPair add_rms_norm(const Tensor&, const Tensor&, const Tensor&, double) const override {
    return {record("add_rms_norm"), {}};
  }
  TensorPair qk_rms_norm_rope(const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                              const Tensor&, double) const override {
    return {record("qk_rms_norm_rope"), {}};
  }
  TensorPair qk_rms_norm_rope_half_split(const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                         const Tensor&, double) const override {
    return {record("qk_rms_norm_rope_half_split"), {}};
  }
  void qk_rms_norm_rope_in_place(const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                 const Tensor&, double) const override {
    record("qk_rms_norm_rope_in_place");
  }
  Tensor layer_norm_scale_shift(const Tensor&, const Tensor&, const Tensor&,
                                double) const override {
    return record("layer_norm_scale_shift");
  }
  Tensor add_gated(const Tensor&, const Tensor&, const Tensor&) const override {
    return record("add_gated");
  }
  TensorPair add_gated_then_layer_norm(const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                       const Tensor&, double) const override {
    return {record("add_gated_then_layer_norm"), {}};
  }
  Tensor swiglu(const Tensor&) const override { return record("swiglu"); }
  Tensor linear_gelu(const Tensor&, const Tensor&, const Tensor&) const override {
    return record("linear_gelu");
  }
  Tensor linear_swiglu(const Tensor&, const Tensor&) const override {
    return record("linear_swiglu");
  }

 private:
  Tensor record(const std::string& name) const {
    calls_.push_back(name);
    EXPECT_STREQ(profile::Operation::current(), name.c_str());
    return {};
  }
  mutable std::vector<std::string> calls_;
};

// An operator that is not passed on would run as the base class's composition: slower on a path
// that fuses it, and nobody would see why.
TEST(NamedOperators, PassesEveryOperatorOnUnderItsName) {
  const auto recorder = std::make_shared<Recorder>();
  const auto operators = named(recorder);
  const Tensor t;
  operators->rms_norm(t, t, 1);
  operators->rms_norm_scale(t, t, t, 1);
  operators->rms_norm_scale_shift(t, t, t, t, 1);
  operators->add_gated_rms_norm(t, t, t, t, 1);
  operators->add_gated_rms_norm_then_scale(t, t, t, t, t, t, 1);
  operators->add_rms_norm(t, t, t, 1);
  operators->qk_rms_norm_rope(t, t, t, t, t, 1);
  operators->qk_rms_norm_rope_half_split(t, t, t, t, t, 1);
  operators->qk_rms_norm_rope_in_place(t, t, t, t, t, 1);
  operators->layer_norm_scale_shift(t, t, t, 1);
  operators->add_gated(t, t, t);
  operators->add_gated_then_layer_norm(t, t, t, t, t, 1);
  operators->swiglu(t);
  operators->linear_gelu(t, t, t);
  operators->linear_swiglu(t, t);
  EXPECT_EQ(
      recorder->calls(),
      (std::vector<std::string>{
          "rms_norm", "rms_norm_scale", "rms_norm_scale_shift", "add_gated_rms_norm",
          "add_gated_rms_norm_then_scale", "add_rms_norm", "qk_rms_norm_rope",
          "qk_rms_norm_rope_half_split", "qk_rms_norm_rope_in_place", "layer_norm_scale_shift",
          "add_gated", "add_gated_then_layer_norm", "swiglu", "linear_gelu", "linear_swiglu"}));
}

} // namespace
} // namespace bench::models
