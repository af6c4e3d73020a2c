#include <kernels/cuda/chain_call.h>
#include <kernels/cuda/cuda_path.h>
#include <kernels/cuda/linear_swiglu.h>
#include <kernels/cuda/qk_norm_rope.h>
#include <kernels/cuda/swiglu.h>
#include <kernels/rows.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_addmm_activation.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rms_norm.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace kernels::cuda {
namespace {

class CudaOperators : public Operators {
 public:
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const override {
    ChainCall call(x, eps);
    if (!call.with(&RowChain::weight2, weight).is_taken())
      return at::rms_norm(x, {x.size(-1)}, weight, eps);
    at::Tensor z = call.output(&RowChain::z);
    call.run(Chain::rms_norm);
    return z;
  }
};

class FusedOperators : public CudaOperators {
 public:
  at::Tensor rms_norm_scale(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scale,
                            double eps) const override {
    ChainCall call(x, eps);
    if (!call.with(&RowChain::weight2, weight).with(&RowChain::scale2, scale).is_taken())
      return Operators::rms_norm_scale(x, weight, scale, eps);
    at::Tensor z = call.output(&RowChain::z);
    call.run(Chain::rms_norm_scale);
    return z;
  }

  at::Tensor rms_norm_scale_shift(const at::Tensor& x, const at::Tensor& weight,
                                  const at::Tensor& scale, const at::Tensor& shift,
                                  double eps) const override {
    ChainCall call(x, eps);
    call.with(&RowChain::weight2, weight)
        .with(&RowChain::scale2, scale)
        .with(&RowChain::shift2, shift);
    if (!call.is_taken())
      return Operators::rms_norm_scale_shift(x, weight, scale, shift, eps);
    at::Tensor z = call.output(&RowChain::z);
    call.run(Chain::rms_norm_scale_shift);
    return z;
  }

  at::Tensor add_gated_rms_norm(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& a,
                                const at::Tensor& weight, double eps) const override {
    ChainCall call(a, eps);
    call.with(&RowChain::x, x).with(&RowChain::gate, gate).with(&RowChain::weight1, weight);
    if (!call.is_taken())
      return Operators::add_gated_rms_norm(x, gate, a, weight, eps);
    at::Tensor y = call.output(&RowChain::y);
    call.run(Chain::add_gated_rms_norm);
    return y;
  }

  std::pair<at::Tensor, at::Tensor>
  add_gated_rms_norm_then_scale(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& a,
                                const at::Tensor& weight, const at::Tensor& next_weight,
                                const at::Tensor& next_scale, double eps) const override {
    ChainCall call(a, eps);
    call.with(&RowChain::x, x)
        .with(&RowChain::gate, gate)
        .with(&RowChain::weight1, weight)
        .with(&RowChain::weight2, next_weight)
        .with(&RowChain::scale2, next_scale);
    if (!call.is_taken())
      return Operators::add_gated_rms_norm_then_scale(x, gate, a, weight, next_weight, next_scale,
                                                      eps);
    return run_both(call, Chain::add_gated_rms_norm_then_scale);
  }

  std::pair<at::Tensor, at::Tensor> add_rms_norm(const at::Tensor& x, const at::Tensor& a,
                                                 const at::Tensor& weight,
                                                 double eps) const override {
    ChainCall call(a, eps);
    if (!call.with(&RowChain::x, x).with(&RowChain::weight2, weight).is_taken())
      return Operators::add_rms_norm(x, a, weight, eps);
    return run_both(call, Chain::add_rms_norm);
  }

  std::pair<at::Tensor, at::Tensor> qk_rms_norm_rope(const at::Tensor& q, const at::Tensor& k,
                                                     const at::Tensor& q_weight,
                                                     const at::Tensor& k_weight,
                                                     const at::Tensor& rotation,
                                                     double eps) const override;

  std::pair<at::Tensor, at::Tensor>
  qk_rms_norm_rope_half_split(const at::Tensor& q, const at::Tensor& k, const at::Tensor& q_weight,
                              const at::Tensor& k_weight, const at::Tensor& rotation,
                              double eps) const override;

  void qk_rms_norm_rope_in_place(const at::Tensor& q, const at::Tensor& k,
                                 const at::Tensor& q_weight, const at::Tensor& k_weight,
                                 const at::Tensor& rotation, double eps) const override;

  at::Tensor layer_norm_scale_shift(const at::Tensor& x, const at::Tensor& scale,
                                    const at::Tensor& shift, double eps) const override {
    ChainCall call(x, eps);
    call.with(&RowChain::scale2, scale);
    if (shift.defined())
      call.with(&RowChain::shift2, shift);
    if (!call.is_taken())
      return Operators::layer_norm_scale_shift(x, scale, shift, eps);
    at::Tensor z = call.output(&RowChain::z);
    call.run(shift.defined() ? Chain::layer_norm_scale_shift : Chain::layer_norm_scale);
    return z;
  }

  at::Tensor add_gated(const at::Tensor& x, const at::Tensor& gate,
                       const at::Tensor& a) const override {
    ChainCall call(a, 0);
    if (!call.with(&RowChain::x, x).with(&RowChain::gate, gate).is_taken())
      return Operators::add_gated(x, gate, a);
    at::Tensor y = call.output(&RowChain::y);
    call.run(Chain::add_gated);
    return y;
  }

  std::pair<at::Tensor, at::Tensor>
  add_gated_then_layer_norm(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& a,
                            const at::Tensor& scale, const at::Tensor& shift,
                            double eps) const override {
    ChainCall call(a, eps);
    call.with(&RowChain::x, x)
        .with(&RowChain::gate, gate)
        .with(&RowChain::scale2, scale)
        .with(&RowChain::shift2, shift);
    if (!call.is_taken())
      return Operators::add_gated_then_layer_norm(x, gate, a, scale, shift, eps);
    return run_both(call, Chain::add_gated_then_layer_norm);
  }

  at::Tensor swiglu(const at::Tensor& packed) const override;
  at::Tensor linear_swiglu(const at::Tensor& x, const at::Tensor& weight) const override;

  at::Tensor linear_gelu(const at::Tensor& x, const at::Tensor& weight,
                         const at::Tensor& bias) const override {
    if (!x.is_cuda() || x.dim() != 2 || weight.dim() != 2 || bias.dim() != 1 ||
        bias.size(0) != weight.size(0))
      return Operators::linear_gelu(x, weight, bias);
    return at::_addmm_activation(bias, x, weight.t(), 1, 1, /*use_gelu=*/true);
  }

 private:
  static std::pair<at::Tensor, at::Tensor> run_both(ChainCall& call, Chain chain) {
    at::Tensor y = call.output(&RowChain::y), z = call.output(&RowChain::z);
    call.run(chain);
    return {std::move(y), std::move(z)};
  }
};

/// Enqueues q/k norm and rotation into q_out and k_out, which may be q and k; false where the
/// kernel does not take such tensors.
bool run_qk(const at::Tensor& q, const at::Tensor& k, const at::Tensor& q_weight,
            const at::Tensor& k_weight, const at::Tensor& rotation, bool is_half_split, double eps,
            const at::Tensor& q_out, const at::Tensor& k_out) {
  // Of a grid, in blocks: a token in x, several heads in y.
  constexpr std::int64_t kMostTokens = (std::int64_t{1} << 31) - 1, kMostHeads = 65535;
  const std::optional<Type> type = type_of(q);
  if (!q.is_cuda() || !type || q.dim() != 3 || q.sizes() != k.sizes() || q.size(0) > kMostTokens ||
      q.size(1) > kMostHeads || !takes_head(*type, static_cast<int>(q.size(2))) ||
      !is_weight_of(q, q_weight) || !is_weight_of(k, k_weight))
    return false;
  const std::int64_t vector = 16 / q.element_size();
  for (const at::Tensor* t : {&q, &k, &q_weight, &k_weight, &q_out, &k_out})
    if (t->scalar_type() != q.scalar_type() || t->device() != q.device() || !is_aligned(*t) ||
        t->stride(-1) != 1 ||
        (t->dim() == 3 && (t->stride(0) % vector != 0 || t->stride(1) % vector != 0)))
      return false;
  // A conjugate is a view of numbers that are not conjugated.
  const std::array<std::int64_t, 2> turns{q.size(0), q.size(2) / 2};
  if (rotation.defined() &&
      (rotation.scalar_type() != at::kComplexFloat || rotation.device() != q.device() ||
       rotation.sizes() != at::IntArrayRef(turns) || rotation.is_conj() ||
       !rotation.is_contiguous() || !is_aligned(rotation)))
    return false;
  const auto side = [](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& out) {
    return QkNormRope::Side{.from = x.const_data_ptr(),
                            .token_stride = x.stride(0),
                            .head_stride = x.stride(1),
                            .weight = weight.const_data_ptr(),
                            .to = out.mutable_data_ptr(),
                            .to_token_stride = out.stride(0),
                            .to_head_stride = out.stride(1)};
  };
  const QkNormRope call{.q = side(q, q_weight, q_out),
                        .k = side(k, k_weight, k_out),
                        .rotation = rotation.defined()
                                        ? static_cast<const float2*>(rotation.const_data_ptr())
                                        : nullptr,
                        .tokens = q.size(0),
                        .heads = static_cast<int>(q.size(1)),
                        .eps = static_cast<float>(eps),
                        .is_half_split = is_half_split};
  const c10::cuda::CUDAGuard guard(q.device());
  C10_CUDA_CHECK(launch(call, *type, static_cast<int>(q.size(2)),
                        c10::cuda::getCurrentCUDAStream(q.device().index())));
  return true;
}

/// The same into new tensors; nothing where the kernel does not take these.
std::optional<std::pair<at::Tensor, at::Tensor>>
run_qk_anew(const at::Tensor& q, const at::Tensor& k, const at::Tensor& q_weight,
            const at::Tensor& k_weight, const at::Tensor& rotation, bool is_half_split,
            double eps) {
  at::Tensor q_out = at::empty(q.sizes(), q.options()), k_out = at::empty(k.sizes(), k.options());
  if (!run_qk(q, k, q_weight, k_weight, rotation, is_half_split, eps, q_out, k_out))
    return std::nullopt;
  return std::pair{std::move(q_out), std::move(k_out)};
}

std::pair<at::Tensor, at::Tensor>
FusedOperators::qk_rms_norm_rope(const at::Tensor& q, const at::Tensor& k,
                                 const at::Tensor& q_weight, const at::Tensor& k_weight,
                                 const at::Tensor& rotation, double eps) const {
  if (auto both = run_qk_anew(q, k, q_weight, k_weight, rotation, /*is_half_split=*/false, eps))
    return *std::move(both);
  return Operators::qk_rms_norm_rope(q, k, q_weight, k_weight, rotation, eps);
}

std::pair<at::Tensor, at::Tensor>
FusedOperators::qk_rms_norm_rope_half_split(const at::Tensor& q, const at::Tensor& k,
                                            const at::Tensor& q_weight, const at::Tensor& k_weight,
                                            const at::Tensor& rotation, double eps) const {
  if (auto both = run_qk_anew(q, k, q_weight, k_weight, rotation, /*is_half_split=*/true, eps))
    return *std::move(both);
  return Operators::qk_rms_norm_rope_half_split(q, k, q_weight, k_weight, rotation, eps);
}

void FusedOperators::qk_rms_norm_rope_in_place(const at::Tensor& q, const at::Tensor& k,
                                               const at::Tensor& q_weight,
                                               const at::Tensor& k_weight,
                                               const at::Tensor& rotation, double eps) const {
  if (!run_qk(q, k, q_weight, k_weight, rotation, /*is_half_split=*/false, eps, q, k))
    Operators::qk_rms_norm_rope_in_place(q, k, q_weight, k_weight, rotation, eps);
}

at::Tensor FusedOperators::swiglu(const at::Tensor& packed) const {
  const std::optional<Type> type = type_of(packed);
  if (!packed.is_cuda() || !type || packed.dim() < 1 || packed.stride(-1) != 1 ||
      packed.size(-1) % 2 != 0)
    return Operators::swiglu(packed);
  at::Tensor a = packed;
  std::optional<Rows> rows = rows_of(a);
  if (!rows || rows->inner != 1) {
    a = packed.contiguous();
    rows = rows_of(a);
  }
  std::vector<std::int64_t> sizes = packed.sizes().vec();
  sizes.back() /= 2;
  at::Tensor out = at::empty(sizes, packed.options());
  const std::int64_t vector = 16 / packed.element_size();
  const Swiglu call{.packed = a.const_data_ptr(),
                    .row_stride = rows->outer_stride,
                    .to = out.mutable_data_ptr(),
                    .rows = rows->rows,
                    .half = sizes.back()};
  const bool aligned = is_aligned(a) && call.half % vector == 0 && call.row_stride % vector == 0;
  const c10::cuda::CUDAGuard guard(packed.device());
  C10_CUDA_CHECK(
      launch(call, *type, aligned, c10::cuda::getCurrentCUDAStream(packed.device().index())));
  return out;
}

at::Tensor FusedOperators::linear_swiglu(const at::Tensor& x, const at::Tensor& weight) const {
  // Below, tiles of 128 rows leave processors idle, and what is saved is small: cuBLAS is as fast.
  constexpr std::int64_t kFewestRows = 1024;
  const auto takes = [](const at::Tensor& t) {
    return t.is_cuda() && t.scalar_type() == at::kBFloat16 && t.dim() == 2 && t.stride(1) == 1 &&
           t.stride(0) >= t.size(1) && t.stride(0) % 8 == 0 && t.size(1) % 8 == 0 && is_aligned(t);
  };
  if (!takes(x) || !takes(weight) || !weight.is_contiguous() || weight.size(0) % 16 != 0 ||
      weight.size(1) != x.size(1) || weight.device() != x.device() || x.size(0) < kFewestRows ||
      x.size(1) == 0)
    return Operators::linear_swiglu(x, weight);
  at::Tensor out = at::empty({x.size(0), weight.size(0) / 2}, x.options());
  const LinearSwiglu call{.x = x.const_data_ptr(),
                          .row_stride = x.stride(0),
                          .weight = weight.const_data_ptr(),
                          .to = out.mutable_data_ptr(),
                          .rows = x.size(0),
                          .inputs = x.size(1),
                          .half = out.size(1)};
  const c10::cuda::CUDAGuard guard(x.device());
  C10_CUDA_CHECK(launch(call, c10::cuda::getCurrentCUDAStream(x.device().index())));
  return out;
}

} // namespace

std::shared_ptr<const Operators> make_operators() {
  return std::make_shared<CudaOperators>();
}

std::shared_ptr<const Operators> make_fused_operators() {
  return std::make_shared<FusedOperators>();
}

} // namespace kernels::cuda
