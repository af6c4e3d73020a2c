#include <bench/models/named_operators.h>
#include <bench/profile/operation.h>
#include <kernels/operators.h>

#include <ATen/core/Tensor.h>

#include <utility>

namespace bench::models {
namespace {

using at::Tensor;
using profile::Operation;
using TensorPair = std::pair<Tensor, Tensor>;

class Named final : public kernels::Operators {
 public:
  explicit Named(std::shared_ptr<const kernels::Operators> operators)
      : inner_(std::move(operators)) {}

  Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) const override {
    const Operation operation("rms_norm");
    return inner_->rms_norm(x, weight, eps);
  }
  Tensor rms_norm_scale_shift(const Tensor& x, const Tensor& weight, const Tensor& scale,
                              const Tensor& shift, double eps) const override {
    const Operation operation("rms_norm_scale_shift");
    return inner_->rms_norm_scale_shift(x, weight, scale, shift, eps);
  }
  Tensor rms_norm_scale(const Tensor& x, const Tensor& weight, const Tensor& scale,
                        double eps) const override {
    const Operation operation("rms_norm_scale");
    return inner_->rms_norm_scale(x, weight, scale, eps);
  }
  Tensor add_gated_rms_norm(const Tensor& x, const Tensor& gate, const Tensor& a,
                            const Tensor& weight, double eps) const override {
    const Operation operation("add_gated_rms_norm");
    return inner_->add_gated_rms_norm(x, gate, a, weight, eps);
  }
  TensorPair add_gated_rms_norm_then_scale(const Tensor& x, const Tensor& gate, const Tensor& a,
                                           const Tensor& weight, const Tensor& next_weight,
                                           const Tensor& next_scale, double eps) const override {
    const Operation operation("add_gated_rms_norm_then_scale");
    return inner_->add_gated_rms_norm_then_scale(x, gate, a, weight, next_weight, next_scale, eps);
  }
  TensorPair add_rms_norm(const Tensor& x, const Tensor& a, const Tensor& weight,
                          double eps) const override {
    const Operation operation("add_rms_norm");
    return inner_->add_rms_norm(x, a, weight, eps);
  }
  TensorPair qk_rms_norm_rope(const Tensor& q, const Tensor& k, const Tensor& q_weight,
                              const Tensor& k_weight, const Tensor& rotation,
                              double eps) const override {
    const Operation operation("qk_rms_norm_rope");
    return inner_->qk_rms_norm_rope(q, k, q_weight, k_weight, rotation, eps);
  }
  TensorPair qk_rms_norm_rope_half_split(const Tensor& q, const Tensor& k, const Tensor& q_weight,
                                         const Tensor& k_weight, const Tensor& rotation,
                                         double eps) const override {
    const Operation operation("qk_rms_norm_rope_half_split");
    return inner_->qk_rms_norm_rope_half_split(q, k, q_weight, k_weight, rotation, eps);
  }
  void qk_rms_norm_rope_in_place(const Tensor& q, const Tensor& k, const Tensor& q_weight,
                                 const Tensor& k_weight, const Tensor& rotation,
                                 double eps) const override {
    const Operation operation("qk_rms_norm_rope_in_place");
    inner_->qk_rms_norm_rope_in_place(q, k, q_weight, k_weight, rotation, eps);
  }
  Tensor layer_norm_scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift,
                                double eps) const override {
    const Operation operation("layer_norm_scale_shift");
    return inner_->layer_norm_scale_shift(x, scale, shift, eps);
  }
  Tensor add_gated(const Tensor& x, const Tensor& gate, const Tensor& a) const override {
    const Operation operation("add_gated");
    return inner_->add_gated(x, gate, a);
  }
  TensorPair add_gated_then_layer_norm(const Tensor& x, const Tensor& gate, const Tensor& a,
                                       const Tensor& scale, const Tensor& shift,
                                       double eps) const override {
    const Operation operation("add_gated_then_layer_norm");
    return inner_->add_gated_then_layer_norm(x, gate, a, scale, shift, eps);
  }
  Tensor swiglu(const Tensor& packed) const override {
    const Operation operation("swiglu");
    return inner_->swiglu(packed);
  }
  Tensor linear_gelu(const Tensor& x, const Tensor& weight, const Tensor& bias) const override {
    const Operation operation("linear_gelu");
    return inner_->linear_gelu(x, weight, bias);
  }
  Tensor linear_swiglu(const Tensor& x, const Tensor& weight) const override {
    const Operation operation("linear_swiglu");
    return inner_->linear_swiglu(x, weight);
  }

 private:
  std::shared_ptr<const kernels::Operators> inner_;
};

} // namespace

std::shared_ptr<const kernels::Operators>
named(std::shared_ptr<const kernels::Operators> operators) {
  return std::make_shared<Named>(std::move(operators));
}

} // namespace bench::models
