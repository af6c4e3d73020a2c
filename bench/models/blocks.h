#pragma once

#include <bench/models/denoiser.h>
#include <bench/models/layers.h>
#include <bench/scenario/scenario.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Transformer blocks of several streams (text, image) that attend to each other, and of one stream
/// whose feed-forward runs beside its attention: what Qwen-Image, FLUX.1 and FLUX.2 are made of.
/// All tokens of an image are one sequence, text first; a stream is a part of it. Of a batch, rows
/// are those of its images one behind the other.
namespace bench::models {

enum class Activation { gelu, swiglu };

/// The numbers that all blocks of a network have in common.
struct BlockShape {
  std::int64_t heads = 0;
  std::int64_t head_width = 128;
  std::int64_t ffn = 0; ///< what the activation returns
  Activation activation = Activation::gelu;
  bool bias = true;
  static constexpr double kEps = 1e-6; ///< of every norm

  std::int64_t dim() const { return heads * head_width; }
  std::int64_t up() const { return activation == Activation::swiglu ? 2 * ffn : ffn; }
};

/// Around one norm: x * scale + shift after it, gate on what is added; [dim] each. `scale` is 1 +
/// what the network says.
struct Modulation {
  at::Tensor shift, scale, gate;
};

/// The modulation of all blocks and of the final norm, one product of silu(embedding).
class Modulator {
 public:
  Modulator() = default;
  /// `names` are linear layers of `rows` * dim outputs that hold shift, scale, gate, in that order,
  /// once or more; the final norm's `last` holds scale, shift.
  Modulator(Weights& weights, const std::vector<std::string>& names,
            const std::vector<std::int64_t>& rows, const std::string& last, std::int64_t dim,
            bool bias);

  /// [times, rows, dim], scales already 1 + theirs, of embeddings [times, dim].
  at::Tensor operator()(const at::Tensor& embedding) const;
  double flop() const;

  /// Rows `first` to first + 2 of one time's [rows, dim].
  static Modulation at(const at::Tensor& table, std::int64_t first);
  static Modulation final(const at::Tensor& table);

 private:
  Linear linear_;
  std::int64_t rows_ = 0;
};

/// One stream's half of a double block.
struct StreamWeights {
  Linear qkv, out, up, down;
  at::Tensor norm_q, norm_k;
};

/// What the parameters of a stream are called below the block's name.
struct StreamNames {
  std::string q, k, v, out, norm_q, norm_k, up, down;
};
StreamNames image_names(const std::string& up, const std::string& down);
StreamNames text_names(const std::string& up, const std::string& down);
StreamWeights take_stream(Weights& weights, const std::string& block, const StreamNames& names,
                          const BlockShape& shape);

struct DoubleBlock {
  StreamWeights text, image;
};

/// A part of the sequence as it runs through double blocks.
struct Stream {
  StreamWeights DoubleBlock::*weights;
  std::string name;                ///< of what is shown
  std::int64_t first = 0;          ///< token in the sequence
  at::Tensor x;                    ///< [batch * tokens, dim]
  at::Tensor modulation;           ///< [rows, dim]
  std::int64_t row = 0;            ///< of the first block's six rows
  std::int64_t rows_per_block = 0; ///< 0: all blocks share them
  std::optional<Modulation> after; ///< the norm that follows the last block
  at::Tensor normed = {};          ///< [tokens, dim], of that norm
};

/// Runs `streams`, which make up a sequence turned by `rotation` (of one image), through `blocks`:
/// their x and normed become those after the last.
void run_double_blocks(const kernels::Operators& operators, const BlockShape& shape,
                       const std::vector<DoubleBlock>& blocks, std::vector<Stream>& streams,
                       const at::Tensor& rotation, std::int64_t batch,
                       const Denoiser::Watcher& watcher);

/// out(attention | activation(up)) as two products that add up, so that neither half is copied.
struct SingleBlock {
  Linear qkv, up, out;
  at::Tensor out_up; ///< the columns of the output product that take the activation
  at::Tensor norm_q, norm_k;
};

/// `qkv`, `up` and `out` (dim + ffn inputs) as published; the last is split.
SingleBlock make_single_block(Linear qkv, Linear up, const Linear& out, const BlockShape& shape);

/// Runs the sequences x [batch * tokens, dim], all turned by `rotation` [batch * tokens, ...],
/// through `blocks`, whose modulations begin at `row` of `table`, and through the final norm;
/// returns that of the tokens from `first` on.
at::Tensor run_single_blocks(const kernels::Operators& operators, const BlockShape& shape,
                             const std::vector<SingleBlock>& blocks, at::Tensor x,
                             const at::Tensor& rotation, const at::Tensor& table, std::int64_t row,
                             std::int64_t rows_per_block, std::int64_t first, std::int64_t batch,
                             const Denoiser::Watcher& watcher);

// What a network of such blocks costs, without one.

/// Of a double block whose streams have `tokens` tokens; of a single block.
double double_block_flop(const BlockShape& shape, const std::vector<std::int64_t>& tokens);
double single_block_flop(const BlockShape& shape, std::int64_t tokens);

/// Shapes in which blocks call the kernel family: double blocks of streams of `tokens`, and with
/// `has_single` single blocks of all of them.
std::vector<scenario::KernelShape> block_kernel_shapes(const BlockShape& shape,
                                                       std::string_view family,
                                                       const std::vector<std::int64_t>& tokens,
                                                       bool has_single,
                                                       const scenario::ModelSpec& spec);

/// Device memory of a loop, bytes: an upper estimate. `tokens` are those of an image.
std::int64_t block_memory(const BlockShape& shape, std::int64_t parameters, std::int64_t tokens,
                          const scenario::ModelSpec& spec);

} // namespace bench::models
