#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

/// Building blocks that denoising networks share. Sequences are [tokens, ...], batch 1.
namespace bench::models {

/// y = x W^T + b.
struct Linear {
  at::Tensor weight; ///< [outputs, inputs]
  at::Tensor bias;   ///< [outputs], or undefined
  at::Tensor operator()(const at::Tensor& x) const;
};

/// Non-causal attention of q, k, v [tokens, heads, head_width]; returns [tokens, heads *
/// head_width]. The backend is torch's choice; no mask.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// Rotations (kernels/operators.h) at integer positions: positions[token][axis]; axis a uses
/// axes[a] elements of the head with frequencies theta^(-2i / axes[a]). Computed in fp64 on the
/// CPU, once.
at::Tensor rotations(const std::vector<std::vector<std::int64_t>>& positions,
                     const std::vector<std::int64_t>& axes, double theta);

/// cos and sin of t * frequency for frequencies 10000^(-i / half), i < half: [1, 2 * half] fp32, of
/// t [1] fp32. `frequencies` comes from timestep_frequencies.
at::Tensor timestep_embedding(const at::Tensor& t, const at::Tensor& frequencies);
at::Tensor timestep_frequencies(std::int64_t half, at::TensorOptions options);

/// An image [C, H, W] as tokens [H/p * W/p, p * p * C], the channel fastest; and back.
at::Tensor patchify(const at::Tensor& image, std::int64_t p);
at::Tensor unpatchify(const at::Tensor& tokens, std::int64_t channels, std::int64_t height,
                      std::int64_t width, std::int64_t p);

} // namespace bench::models
