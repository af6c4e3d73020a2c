#pragma once

#include <utility>

namespace at {
class Tensor;
}

namespace kernels {

/// What a denoising block does between its matrix products and its attention, in one
/// implementation (a "path"). A path has its own rms_norm; the other operators are compositions of
/// that and plain ATen operators (compositions.cpp), until a path overrides one to fuse it.
///
/// All of them: tensors on one device, bf16, fp16 or fp32, the last dimension dense, the others of
/// any stride; sums in fp32 at least; outputs dense and new, except where said. None synchronises
/// with the host, all can be captured into a CUDA graph. Kernels of ours read rows that lie by one
/// stride or two, SwiGLU's by one, as they are, in however many dimensions (rows.h), and copy
/// others first; so they do a residual `x` that is not dense.
///
/// Vectors are of x's type: weights [width]; scale, shift and gate that, or [1, width] where x has
/// rows. Our Python library refuses other shapes and types. A path may instead broadcast them as
/// ATen does, and must not do anything else. `eps` > 0 is added to the mean square or variance.
class Operators {
 public:
  virtual ~Operators() = default;

  /// x / sqrt(mean(x^2) + eps) * weight over the last dimension: [..., width].
  virtual at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const = 0;

  /// rms_norm(x) * scale. Z-Image before attention and feed-forward; scale is 1 + modulation.
  virtual at::Tensor rms_norm_scale(const at::Tensor& x, const at::Tensor& weight,
                                    const at::Tensor& scale, double eps) const;

  /// rms_norm(x) * scale + shift: the same of a model whose modulation shifts, too.
  virtual at::Tensor rms_norm_scale_shift(const at::Tensor& x, const at::Tensor& weight,
                                          const at::Tensor& scale, const at::Tensor& shift,
                                          double eps) const;

  /// x + gate * rms_norm(a): Z-Image after attention and feed-forward; gate is tanh(modulation).
  virtual at::Tensor add_gated_rms_norm(const at::Tensor& x, const at::Tensor& gate,
                                        const at::Tensor& a, const at::Tensor& weight,
                                        double eps) const;

  /// y = x + gate * rms_norm(a, weight) and rms_norm(y, next_weight) * next_scale: the residual
  /// and what the next product reads.
  virtual std::pair<at::Tensor, at::Tensor>
  add_gated_rms_norm_then_scale(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& a,
                                const at::Tensor& weight, const at::Tensor& next_weight,
                                const at::Tensor& next_scale, double eps) const;

  /// y = x + a and rms_norm(y, weight): the residual of language models and of blocks without
  /// modulation.
  virtual std::pair<at::Tensor, at::Tensor> add_rms_norm(const at::Tensor& x, const at::Tensor& a,
                                                         const at::Tensor& weight,
                                                         double eps) const;

  /// rms_norm of every head of q and k [tokens, heads, head_width], then pairs of neighbouring
  /// elements turned by `rotation` [tokens, head_width / 2] complex64; undefined: not turned. q and
  /// k may be slices of a packed product, and need not have as many heads.
  virtual std::pair<at::Tensor, at::Tensor>
  qk_rms_norm_rope(const at::Tensor& q, const at::Tensor& k, const at::Tensor& q_weight,
                   const at::Tensor& k_weight, const at::Tensor& rotation, double eps) const;

  /// The same, but of the pairs (i, i + head_width / 2), as GPT-NeoX, Llama and Qwen turn them:
  /// "half-split", where qk_rms_norm_rope is "interleaved".
  virtual std::pair<at::Tensor, at::Tensor>
  qk_rms_norm_rope_half_split(const at::Tensor& q, const at::Tensor& k, const at::Tensor& q_weight,
                              const at::Tensor& k_weight, const at::Tensor& rotation,
                              double eps) const;

  /// qk_rms_norm_rope, written over q and k: those of one stream in the joint q|k|v of several,
  /// each of which has norms of its own.
  virtual void qk_rms_norm_rope_in_place(const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& q_weight, const at::Tensor& k_weight,
                                         const at::Tensor& rotation, double eps) const;

  /// (x - mean(x)) / sqrt(var(x) + eps) * scale + shift; scale is 1 + modulation; an undefined
  /// shift adds nothing. Qwen-Image and FLUX before attention and feed-forward.
  virtual at::Tensor layer_norm_scale_shift(const at::Tensor& x, const at::Tensor& scale,
                                            const at::Tensor& shift, double eps) const;

  /// x + gate * a.
  virtual at::Tensor add_gated(const at::Tensor& x, const at::Tensor& gate,
                               const at::Tensor& a) const;

  /// y = x + gate * a and layer_norm_scale_shift(y, scale, shift).
  virtual std::pair<at::Tensor, at::Tensor>
  add_gated_then_layer_norm(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& a,
                            const at::Tensor& scale, const at::Tensor& shift, double eps) const;

  /// silu(packed[..., :half]) * packed[..., half:] of a packed [..., 2 * half].
  virtual at::Tensor swiglu(const at::Tensor& packed) const;

  /// gelu(x weight^T + bias) with the tanh approximation: x [tokens, inputs], weight [outputs,
  /// inputs], bias [outputs].
  virtual at::Tensor linear_gelu(const at::Tensor& x, const at::Tensor& weight,
                                 const at::Tensor& bias) const;

  /// swiglu(x weight^T): x [tokens, inputs], weight [2 * half, inputs], the gate's rows first.
  virtual at::Tensor linear_swiglu(const at::Tensor& x, const at::Tensor& weight) const;
};

/// Rotates pairs of neighbouring elements of x [tokens, heads, head_width] by the unit complex
/// numbers `rotation` [tokens, head_width / 2] (complex64), in fp32; returns x's type.
at::Tensor rotate(const at::Tensor& x, const at::Tensor& rotation);
/// The same of the pairs (i, i + head_width / 2).
at::Tensor rotate_half_split(const at::Tensor& x, const at::Tensor& rotation);

} // namespace kernels
