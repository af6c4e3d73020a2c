#include <bench/models/blocks.h>
#include <bench/models/numbers.h>
#include <bench/models/weights.h>
#include <bench/profile/operation.h>
#include <kernels/operators.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/silu.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace bench::models {
namespace {

/// linear(x) into `out`, rows of a larger tensor.
void linear_into(at::Tensor out, const Linear& linear, const at::Tensor& x) {
  const profile::Operation operation("linear");
  if (linear.bias.defined())
    at::addmm_out(out, linear.bias, x, linear.weight.t());
  else
    at::mm_out(out, x, linear.weight.t());
}

/// linear of the tokens `first` to first + count of every image of x.
at::Tensor projected(const Linear& linear, const at::Tensor& x, std::int64_t first,
                     std::int64_t count, std::int64_t batch) {
  if (batch == 1)
    return linear(x.narrow(0, first, count));
  const std::int64_t tokens = x.size(0) / batch;
  const at::Tensor out = at::empty({batch * count, linear.weight.size(0)}, x.options());
  for (std::int64_t b = 0; b < batch; ++b)
    linear_into(out.narrow(0, b * count, count), linear, x.narrow(0, b * tokens + first, count));
  return out;
}

at::Tensor activated(const kernels::Operators& operators, Activation activation, const Linear& up,
                     const at::Tensor& x) {
  if (activation == Activation::swiglu)
    return up.bias.defined() ? operators.swiglu(up(x)) : operators.linear_swiglu(x, up.weight);
  return operators.linear_gelu(x, up.weight, up.bias);
}

} // namespace

Modulator::Modulator(Weights& weights, const std::vector<std::string>& names,
                     const std::vector<std::int64_t>& rows, const std::string& last,
                     std::int64_t dim, bool bias) {
  std::vector<std::string> all = names;
  all.push_back(last);
  std::vector<std::int64_t> outputs;
  for (const std::int64_t r : rows)
    outputs.push_back(r * dim);
  outputs.push_back(2 * dim);
  rows_ = std::accumulate(rows.begin(), rows.end(), std::int64_t{2});
  linear_ = take_packed(weights, all, outputs, dim, bias);
}

at::Tensor Modulator::operator()(const at::Tensor& embedding) const {
  const profile::Operation operation("modulation");
  const at::Tensor table =
      linear_(at::silu(embedding)).view({embedding.size(0), rows_, embedding.size(1)});
  table.slice(1, 1, rows_ - 2, 3).add_(1);
  table.select(1, rows_ - 2).add_(1);
  return table;
}

double Modulator::flop() const {
  return 2 * static_cast<double>(linear_.weight.numel());
}

Modulation Modulator::at(const at::Tensor& table, std::int64_t first) {
  return {.shift = table[first], .scale = table[first + 1], .gate = table[first + 2]};
}

Modulation Modulator::final(const at::Tensor& table) {
  const std::int64_t rows = table.size(0);
  return {.shift = table[rows - 1], .scale = table[rows - 2], .gate = {}};
}

StreamNames image_names(const std::string& up, const std::string& down) {
  return {.q = "attn.to_q",
          .k = "attn.to_k",
          .v = "attn.to_v",
          .out = "attn.to_out.0",
          .norm_q = "attn.norm_q",
          .norm_k = "attn.norm_k",
          .up = up,
          .down = down};
}

StreamNames text_names(const std::string& up, const std::string& down) {
  return {.q = "attn.add_q_proj",
          .k = "attn.add_k_proj",
          .v = "attn.add_v_proj",
          .out = "attn.to_add_out",
          .norm_q = "attn.norm_added_q",
          .norm_k = "attn.norm_added_k",
          .up = up,
          .down = down};
}

StreamWeights take_stream(Weights& weights, const std::string& block, const StreamNames& names,
                          const BlockShape& shape) {
  const std::int64_t d = shape.dim();
  const auto full = [&](const std::string& name) { return block + "." + name; };
  const auto vector = [&](const std::string& name) {
    return weights.take(full(name) + ".weight", {shape.head_width});
  };
  return {.qkv = take_packed(weights, {full(names.q), full(names.k), full(names.v)}, {d, d, d}, d,
                             shape.bias),
          .out = take_linear(weights, full(names.out), d, d, shape.bias),
          .up = take_linear(weights, full(names.up), shape.up(), d, shape.bias),
          .down = take_linear(weights, full(names.down), d, shape.ffn, shape.bias),
          .norm_q = vector(names.norm_q),
          .norm_k = vector(names.norm_k)};
}

void run_double_blocks(const kernels::Operators& operators, const BlockShape& shape,
                       const std::vector<DoubleBlock>& blocks, std::vector<Stream>& streams,
                       const at::Tensor& rotation, std::int64_t batch,
                       const Denoiser::Watcher& watcher) {
  constexpr double eps = BlockShape::kEps;
  const std::int64_t tokens = rotation.size(0);
  const auto modulation = [](const Stream& s, std::size_t block, int part) {
    return Modulator::at(s.modulation,
                         s.row + static_cast<std::int64_t>(block) * s.rows_per_block + 3 * part);
  };
  for (Stream& s : streams) {
    const Modulation m = modulation(s, 0, 0);
    s.normed = operators.layer_norm_scale_shift(s.x, m.scale, m.shift, eps);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    // Attention reads q, k and v where the streams' products wrote them.
    const at::Tensor joint =
        at::empty({batch * tokens, 3, shape.heads, shape.head_width}, streams[0].x.options());
    for (const Stream& s : streams) {
      const StreamWeights& w = blocks[i].*s.weights;
      const std::int64_t part = s.x.size(0) / batch;
      for (std::int64_t b = 0; b < batch; ++b) {
        const at::Tensor qkv = joint.narrow(0, b * tokens + s.first, part);
        linear_into(qkv.view({part, 3 * shape.dim()}), w.qkv, s.normed.narrow(0, b * part, part));
        operators.qk_rms_norm_rope_in_place(qkv.select(1, 0), qkv.select(1, 1), w.norm_q, w.norm_k,
                                            rotation.narrow(0, s.first, part), eps);
      }
    }
    const at::Tensor attended =
        attention(joint.select(1, 0), joint.select(1, 1), joint.select(1, 2), batch);
    for (Stream& s : streams) {
      const StreamWeights& w = blocks[i].*s.weights;
      const Modulation first = modulation(s, i, 0), second = modulation(s, i, 1);
      std::tie(s.x, s.normed) = operators.add_gated_then_layer_norm(
          s.x, first.gate, projected(w.out, attended, s.first, s.x.size(0) / batch, batch),
          second.scale, second.shift, eps);
      const at::Tensor f = w.down(activated(operators, shape.activation, w.up, s.normed));
      std::optional<Modulation> next = s.after;
      if (i + 1 < blocks.size())
        next = modulation(s, i + 1, 0);
      if (next)
        std::tie(s.x, s.normed) =
            operators.add_gated_then_layer_norm(s.x, second.gate, f, next->scale, next->shift, eps);
      else
        s.x = operators.add_gated(s.x, second.gate, f);
      if (watcher)
        watcher(fmt::format("transformer_blocks.{}.{}", i, s.name), s.x);
    }
  }
}

SingleBlock make_single_block(Linear qkv, Linear up, const Linear& out, const BlockShape& shape) {
  SingleBlock block;
  block.qkv = std::move(qkv);
  block.up = std::move(up);
  block.out = {.weight = out.weight.narrow(1, 0, shape.dim()), .bias = out.bias};
  block.out_up = out.weight.narrow(1, shape.dim(), shape.ffn);
  return block;
}

at::Tensor run_single_blocks(const kernels::Operators& operators, const BlockShape& shape,
                             const std::vector<SingleBlock>& blocks, at::Tensor x,
                             const at::Tensor& rotation, const at::Tensor& table, std::int64_t row,
                             std::int64_t rows_per_block, std::int64_t first, std::int64_t batch,
                             const Denoiser::Watcher& watcher) {
  constexpr double eps = BlockShape::kEps;
  const auto kept = [&](const at::Tensor& t) { // the rows from `first` on, a view of a single image
    return t.unflatten(0, {batch, -1}).slice(1, first).reshape({-1, t.size(1)});
  };
  Modulation m = Modulator::at(table, row);
  at::Tensor h = operators.layer_norm_scale_shift(x, m.scale, m.shift, eps);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const SingleBlock& b = blocks[i];
    const at::Tensor qkv = b.qkv(h).view({x.size(0), 3, shape.heads, shape.head_width});
    const auto [q, k] = operators.qk_rms_norm_rope(qkv.select(1, 0), qkv.select(1, 1), b.norm_q,
                                                   b.norm_k, rotation, eps);
    at::Tensor y = b.out(attention(q, k, qkv.select(1, 2), batch));
    const at::Tensor up = activated(operators, shape.activation, b.up, h);
    {
      const profile::Operation operation("linear");
      y.addmm_(up, b.out_up.t());
    }
    const at::Tensor gate = m.gate;
    const bool is_last = i + 1 == blocks.size();
    m = is_last ? Modulator::final(table)
                : Modulator::at(table, row + static_cast<std::int64_t>(i + 1) * rows_per_block);
    if (is_last) { // of which only the image is used
      x = kept(x);
      y = kept(y);
    }
    std::tie(x, h) = operators.add_gated_then_layer_norm(x, gate, y, m.scale, m.shift, eps);
    if (watcher)
      watcher(fmt::format("single_transformer_blocks.{}.image", i), is_last ? x : kept(x));
  }
  return h;
}

double double_block_flop(const BlockShape& shape, const std::vector<std::int64_t>& tokens) {
  const auto d = static_cast<double>(shape.dim());
  const auto all = static_cast<double>(std::accumulate(tokens.begin(), tokens.end(), 0LL));
  return 2 * all * (4 * d * d + static_cast<double>(shape.up() + shape.ffn) * d) +
         4 * all * all * d;
}

double single_block_flop(const BlockShape& shape, std::int64_t tokens) {
  return double_block_flop(shape, {tokens});
}

std::vector<scenario::KernelShape> block_kernel_shapes(const BlockShape& shape,
                                                       std::string_view family,
                                                       const std::vector<std::int64_t>& tokens,
                                                       bool has_single,
                                                       const scenario::ModelSpec& spec) {
  // Double blocks turn q and k image by image; all else takes the rows of the batch at once.
  const std::int64_t together = family == "qk_rms_norm_rope" ? 1 : spec.batch;
  std::vector<std::int64_t> parts;
  for (const std::int64_t part : tokens)
    parts.push_back(part * together);
  if (has_single)
    parts.push_back(std::accumulate(tokens.begin(), tokens.end(), std::int64_t{0}) * spec.batch);
  std::ranges::sort(parts, std::greater{});
  std::vector<scenario::KernelShape> shapes;
  const auto add = [&](std::int64_t rows, std::int64_t width, std::int64_t heads) {
    add_distinct(shapes, {.rows = rows, .width = width, .dtype = spec.dtype, .heads = heads});
  };
  for (const std::int64_t part : parts)
    if (family == "rms_norm") // q and k, a call each
      add(part * shape.heads, shape.head_width, 1);
    else if (family == "qk_rms_norm_rope")
      add(part, shape.head_width, shape.heads);
    else if (family == "layer_norm_scale_shift" || family == "add_gated_then_layer_norm")
      add(part, shape.dim(), 1);
    else if (family == "swiglu" && shape.activation == Activation::swiglu)
      add(part, shape.ffn, 1);
  return shapes;
}

std::int64_t block_memory(const BlockShape& shape, std::int64_t parameters, std::int64_t tokens,
                          const scenario::ModelSpec& spec) {
  // The widest moment of a block: residual, norm, q|k|v, their rotations in fp32, the packed
  // product of the feed-forward and what its activation makes of it. Twice over, for blocks that
  // the allocator cannot reuse.
  const std::int64_t width = 2 * (12 * shape.dim() + shape.up() + shape.ffn);
  return device_memory(parameters, spec.batch * tokens * width, spec.dtype);
}

} // namespace bench::models
