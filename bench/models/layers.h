#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Building blocks that denoising networks share. Sequences are [tokens, ...], of the images
/// of a batch one behind the other.
namespace bench::models {

class Weights;

/// y = x W^T + b.
struct Linear {
  at::Tensor weight; ///< [outputs, inputs]
  at::Tensor bias;   ///< [outputs], or undefined
  at::Tensor operator()(const at::Tensor& x) const;
};

/// `name`.weight and, if it has one, `name`.bias.
Linear take_linear(Weights& weights, const std::string& name, std::int64_t outputs,
                   std::int64_t inputs, bool bias);

/// Several products of one input as one: their outputs in the order of `names`, `outputs` of each.
Linear take_packed(Weights& weights, const std::vector<std::string>& names,
                   const std::vector<std::int64_t>& outputs, std::int64_t inputs, bool bias);

/// out(silu(in(x))): what embeds times, guidance and pooled captions.
struct EmbeddingMlp {
  Linear in, out;
  at::Tensor operator()(const at::Tensor& x) const;
};

/// `name`.linear_1 [outputs, inputs] and `name`.linear_2 [outputs, outputs].
EmbeddingMlp take_embedding(Weights& weights, const std::string& name, std::int64_t inputs,
                            std::int64_t outputs, bool bias);

/// Non-causal attention of q, k, v [batch * tokens, heads, head_width], each image to itself;
/// returns [batch * tokens, heads * head_width]. The backend is torch's choice; no mask.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     std::int64_t batch);

/// Rotations (kernels/operators.h) at integer positions: positions[token][axis]; axis a uses
/// axes[a] elements of the head with frequencies theta^(-2i / axes[a]). Computed in fp64 on the
/// CPU, once.
at::Tensor rotations(const std::vector<std::vector<std::int64_t>>& positions,
                     const std::vector<std::int64_t>& axes, double theta);

/// What is made once for each number of caption tokens, and then stays where it is.
template <typename T>
class ByCaption {
 public:
  template <typename Make>
  const T& get(std::int64_t caption_tokens, const Make& make) {
    const auto known = made_.find(caption_tokens);
    return known != made_.end() ? known->second
                                : made_.emplace(caption_tokens, make()).first->second;
  }

 private:
  std::map<std::int64_t, T> made_;
};

/// cos and sin of t * frequency * scale for frequencies 10000^(-i / half), i < half: [times, 2 *
/// half] fp32, of t [times] fp32. `frequencies` comes from timestep_frequencies.
at::Tensor timestep_embedding(const at::Tensor& t, const at::Tensor& frequencies, double scale = 1);
at::Tensor timestep_frequencies(std::int64_t half, at::TensorOptions options);

/// Images [batch, C, H, W] as tokens [batch, H/p * W/p, p * p * C], the channel fastest; and back.
at::Tensor patchify(const at::Tensor& image, std::int64_t p);
at::Tensor unpatchify(const at::Tensor& tokens, std::int64_t channels, std::int64_t height,
                      std::int64_t width, std::int64_t p);

} // namespace bench::models
