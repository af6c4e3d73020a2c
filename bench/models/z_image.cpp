#include <bench/models/layers.h>
#include <bench/models/numbers.h>
#include <bench/models/scheduler.h>
#include <bench/models/weights.h>
#include <bench/models/z_image.h>
#include <bench/profile/operation.h>
#include <kernels/operators.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/silu.h>

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <tuple>
#include <utility>

// Source: diffusers, models/transformers/transformer_z_image.py (0.42), of which this computes the
// same function for one image: packed q|k|v and w1|w3 products, positions and rotations once
// instead of in every forward, no attention mask (all sequences of a batch of one are full).

namespace bench::models {
namespace {

constexpr double kNormEps = 1e-5;
constexpr double kFinalEps = 1e-6;
constexpr double kTheta = 256;
constexpr double kTimeScale = 1000;
constexpr double kShift = 3; // of the published pipeline
constexpr std::int64_t kTimeHidden = 1024;

std::vector<std::int64_t> rotary_axes(const ZImageConfig& c) {
  return {c.head_width / 4, c.head_width * 3 / 8, c.head_width * 3 / 8};
}

struct Block {
  Linear qkv, out, w13, w2, modulation;
  at::Tensor norm_q, norm_k, attention_norm1, attention_norm2, ffn_norm1, ffn_norm2;
};

Block take_block(Weights& w, const ZImageConfig& c, const std::string& name, bool modulated) {
  const std::int64_t d = c.dim(), f = c.ffn();
  const auto vector = [&](const char* part, std::int64_t width) {
    return w.take(name + part, {width});
  };
  const auto matrix = [&](const char* part, std::int64_t outputs, std::int64_t inputs) {
    return w.take(name + part, {outputs, inputs});
  };
  Block b;
  b.qkv.weight =
      at::cat({matrix(".attention.to_q.weight", d, d), matrix(".attention.to_k.weight", d, d),
               matrix(".attention.to_v.weight", d, d)});
  b.out.weight = matrix(".attention.to_out.0.weight", d, d);
  b.norm_q = vector(".attention.norm_q.weight", c.head_width);
  b.norm_k = vector(".attention.norm_k.weight", c.head_width);
  b.w13.weight =
      at::cat({matrix(".feed_forward.w1.weight", f, d), matrix(".feed_forward.w3.weight", f, d)});
  b.w2.weight = matrix(".feed_forward.w2.weight", d, f);
  b.attention_norm1 = vector(".attention_norm1.weight", d);
  b.attention_norm2 = vector(".attention_norm2.weight", d);
  b.ffn_norm1 = vector(".ffn_norm1.weight", d);
  b.ffn_norm2 = vector(".ffn_norm2.weight", d);
  if (modulated)
    b.modulation = take_linear(w, name + ".adaLN_modulation.0", 4 * d, c.time_width(), true);
  return b;
}

std::vector<Block> take_blocks(Weights& w, const ZImageConfig& c, const std::string& name,
                               std::int64_t count, bool modulated) {
  std::vector<Block> blocks;
  for (std::int64_t i = 0; i < count; ++i)
    blocks.push_back(take_block(w, c, fmt::format("{}.{}", name, i), modulated));
  return blocks;
}

class ZImage final : public Denoiser {
 public:
  ZImage(const ZImageConfig& config, Weights& w) : c_(config), type_(w.type()) {
    const std::int64_t d = c_.dim(), patch = c_.kPatch * c_.kPatch * c_.kChannels,
                       t = c_.time_width();
    time_in_ = take_linear(w, "t_embedder.mlp.0", kTimeHidden, c_.kTimeWidth, true);
    time_out_ = take_linear(w, "t_embedder.mlp.2", t, kTimeHidden, true);
    embed_image_ = take_linear(w, "all_x_embedder.2-1", d, patch, true);
    image_pad_ = w.take("x_pad_token", {1, d});
    // The caption's norm runs in the fp32 of its input, so its weight is kept in fp32.
    caption_norm_ = w.take("cap_embedder.0.weight", {c_.caption_width}).to(at::kFloat);
    embed_caption_ = take_linear(w, "cap_embedder.1", d, c_.caption_width, true);
    caption_pad_ = w.take("cap_pad_token", {1, d});
    noise_refiner_ = take_blocks(w, c_, "noise_refiner", c_.refiner_layers, true);
    context_refiner_ = take_blocks(w, c_, "context_refiner", c_.refiner_layers, false);
    layers_ = take_blocks(w, c_, "layers", c_.layers, true);
    final_modulation_ = take_linear(w, "all_final_layer.2-1.adaLN_modulation.1", d, t, true);
    final_ = take_linear(w, "all_final_layer.2-1.linear", patch, d, true);
    // One product for the modulation of all blocks.
    std::vector<at::Tensor> weights, biases;
    for (std::vector<Block>* blocks : {&noise_refiner_, &layers_})
      for (Block& b : *blocks) {
        weights.push_back(std::exchange(b.modulation.weight, {}));
        biases.push_back(std::exchange(b.modulation.bias, {}));
      }
    modulation_ = {.weight = at::cat(weights), .bias = at::cat(biases)};
    parameters_ = w.parameters();
    if (w.device().is_meta())
      return; // only counted
    frequencies_ = timestep_frequencies(c_.kTimeWidth / 2, at::TensorOptions().device(w.device()));
    device_ = w.device();
    use({{"rms_norm", "aten"}});
  }

  void use(const Paths& paths) override { operators_ = operators_of(paths, "z_image"); }

  std::vector<at::Tensor> velocities(const at::Tensor& latents, const at::Tensor& time,
                                     const std::vector<Inputs>& inputs) const override {
    const at::Tensor c = embedded(time);
    const Modulations modulations = modulations_for(c);
    std::vector<at::Tensor> all;
    for (const Inputs& in : inputs)
      all.push_back(velocity(latents, modulations, in.caption));
    return all;
  }

  float time_of(float sigma) const override { return 1 - sigma; }
  std::vector<float> sigmas(int steps, double shift) const override {
    return flow_match_sigmas(steps, shift > 0 ? shift : kShift);
  }
  Guidance guidance() const override { return Guidance::bounded_norm; }
  std::vector<std::int64_t> latent_shape() const override {
    return {c_.batch, c_.kChannels, c_.image_height / 8, c_.image_width / 8};
  }
  std::int64_t caption_width() const override { return c_.caption_width; }
  std::int64_t parameters() const override { return parameters_; }
  double flop(std::int64_t caption_tokens) const override {
    return z_image_flop(c_, caption_tokens);
  }

 private:
  struct Rotations {
    at::Tensor image, caption, all;
  };

  /// Sequences [batch, tokens, dim] made `count` tokens long.
  at::Tensor padded(const at::Tensor& tokens, std::int64_t count, const at::Tensor& pad) const {
    const std::int64_t missing = count - tokens.size(1);
    return missing == 0 ? tokens
                        : at::cat({tokens, pad.expand({tokens.size(0), missing, pad.size(1)})}, 1);
  }

  /// Positions are (time, row, column): caption token i at (1 + i, 0, 0), image tokens at the time
  /// after the caption, padding of the image at (0, 0, 0).
  const Rotations& rotations_for(std::int64_t caption_tokens) const {
    const profile::Operation operation("rope tables");
    return rotations_.get(caption_tokens, [&] { return make_rotations(caption_tokens); });
  }
  Rotations make_rotations(std::int64_t caption_tokens) const {
    std::vector<std::vector<std::int64_t>> image, caption;
    for (std::int64_t row = 0; row < c_.image_height / 16; ++row)
      for (std::int64_t column = 0; column < c_.image_width / 16; ++column)
        image.push_back({caption_tokens + 1, row, column});
    image.resize(static_cast<std::size_t>(c_.image_tokens()), {0, 0, 0});
    for (std::int64_t i = 0; i < caption_tokens; ++i)
      caption.push_back({1 + i, 0, 0});
    const auto axes = rotary_axes(c_);
    Rotations made{.image = rotations(image, axes, kTheta).to(device_),
                   .caption = rotations(caption, axes, kTheta).to(device_),
                   .all = {}};
    made.all = at::cat({made.image, made.caption});
    if (c_.batch > 1) {
      made.image = made.image.repeat({c_.batch, 1});
      made.all = made.all.repeat({c_.batch, 1});
    }
    return made;
  }

  /// What the time does to every modulated block, refiners first: [blocks, 2 (attention, ffn),
  /// dim]; and to the final norm: [1, dim].
  struct Modulations {
    at::Tensor scale, gate, final_scale;
  };

  Modulations modulations_for(const at::Tensor& c) const {
    const profile::Operation operation("modulation");
    const at::Tensor m = modulation_(c).view({-1, 4, c_.dim()});
    return {.scale = m.slice(1, 0, 4, 2) + 1,
            .gate = m.slice(1, 1, 4, 2).tanh(),
            .final_scale = final_modulation_(at::silu(c)) + 1};
  }

  at::Tensor embedded(const at::Tensor& time) const {
    const profile::Operation operation("embedding");
    const at::Tensor sinusoid = timestep_embedding(time * kTimeScale, frequencies_).to(type_);
    return time_out_(at::silu(time_in_(sinusoid)));
  }

  at::Tensor velocity(const at::Tensor& latents, const Modulations& modulations,
                      const at::Tensor& caption) const {
    const std::int64_t caption_tokens = c_.padded(caption.size(0));
    const Rotations& rope = rotations_for(caption_tokens);

    at::Tensor image =
        padded(embed_image_(patchify(latents, c_.kPatch)), c_.image_tokens(), image_pad_);
    image =
        modulated(noise_refiner_, modulations, 0, image.flatten(0, 1), rope.image, "noise_refiner");

    // Of all images of a batch the same until it meets them.
    at::Tensor text =
        embed_caption_(operators_->rms_norm(caption, caption_norm_, kNormEps).to(type_));
    text = padded(text.unsqueeze(0), caption_tokens, caption_pad_)[0];
    for (std::size_t i = 0; i < context_refiner_.size(); ++i) {
      text = plain(context_refiner_[i], text, rope.caption);
      show("context_refiner", i, text);
    }

    at::Tensor x =
        at::cat({image.unflatten(0, {c_.batch, -1}), text.expand({c_.batch, -1, -1})}, 1);
    x = modulated(layers_, modulations, c_.refiner_layers, x.flatten(0, 1), rope.all, "layers");

    x = final_(operators_->layer_norm_scale_shift(x, modulations.final_scale, {}, kFinalEps));
    const std::int64_t h = latents.size(2), w = latents.size(3);
    x = x.unflatten(0, {c_.batch, -1}).narrow(1, 0, h * w / (c_.kPatch * c_.kPatch));
    // The network predicts towards the image, the scheduler steps away from it.
    return -unpatchify(x, c_.kChannels, h, w, c_.kPatch).to(at::kFloat);
  }

  at::Tensor self_attention(const Block& b, const at::Tensor& x, const at::Tensor& rotation,
                            std::int64_t batch) const {
    const at::Tensor qkv = b.qkv(x).view({x.size(0), 3, c_.heads, c_.head_width});
    const auto [q, k] = operators_->qk_rms_norm_rope(qkv.select(1, 0), qkv.select(1, 1), b.norm_q,
                                                     b.norm_k, rotation, kNormEps);
    return b.out(attention(q, k, qkv.select(1, 2), batch));
  }

  at::Tensor feed_forward(const Block& b, const at::Tensor& x) const {
    return b.w2(operators_->linear_swiglu(x, b.w13.weight));
  }

  /// All of `blocks`, whose modulations begin at row `first`. A block's last sum and the next one's
  /// first norm are one operator.
  at::Tensor modulated(const std::vector<Block>& blocks, const Modulations& m, std::int64_t first,
                       at::Tensor x, const at::Tensor& rotation, const char* name) const {
    const kernels::Operators& ops = *operators_;
    const auto row = [&](const at::Tensor& all, std::size_t block, int part) {
      return all[first + static_cast<std::int64_t>(block)][part];
    };
    at::Tensor h = ops.rms_norm_scale(x, blocks[0].attention_norm1, row(m.scale, 0, 0), kNormEps);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const Block& b = blocks[i];
      std::tie(x, h) = ops.add_gated_rms_norm_then_scale(
          x, row(m.gate, i, 0), self_attention(b, h, rotation, c_.batch), b.attention_norm2,
          b.ffn_norm1, row(m.scale, i, 1), kNormEps);
      const at::Tensor f = feed_forward(b, h);
      if (i + 1 == blocks.size())
        x = ops.add_gated_rms_norm(x, row(m.gate, i, 1), f, b.ffn_norm2, kNormEps);
      else
        std::tie(x, h) = ops.add_gated_rms_norm_then_scale(x, row(m.gate, i, 1), f, b.ffn_norm2,
                                                           blocks[i + 1].attention_norm1,
                                                           row(m.scale, i + 1, 0), kNormEps);
      show(name, i, x);
    }
    return x;
  }

  void show(const char* blocks, std::size_t index, const at::Tensor& x) const {
    if (watcher())
      watcher()(fmt::format("{}.{}", blocks, index), x);
  }

  at::Tensor plain(const Block& b, at::Tensor x, const at::Tensor& rotation) const {
    const auto norm = [&](const at::Tensor& t, const at::Tensor& weight) {
      return operators_->rms_norm(t, weight, kNormEps);
    };
    x = x + norm(self_attention(b, norm(x, b.attention_norm1), rotation, 1), b.attention_norm2);
    return x + norm(feed_forward(b, norm(x, b.ffn_norm1)), b.ffn_norm2);
  }

  ZImageConfig c_;
  c10::ScalarType type_;
  c10::Device device_ = c10::kCPU;
  std::shared_ptr<const kernels::Operators> operators_;
  Linear time_in_, time_out_, embed_image_, embed_caption_, modulation_, final_modulation_, final_;
  at::Tensor image_pad_, caption_norm_, caption_pad_, frequencies_;
  std::vector<Block> noise_refiner_, context_refiner_, layers_;
  std::int64_t parameters_ = 0;
  mutable ByCaption<Rotations> rotations_;
};

} // namespace

std::int64_t ZImageConfig::image_tokens() const {
  return padded(image_width / 16 * (image_height / 16));
}

ZImageConfig z_image_config(const scenario::ModelSpec& spec) {
  const auto& a = spec.architecture;
  return {.layers = a.at("layers"),
          .refiner_layers = a.at("refiner_layers"),
          .heads = a.at("heads"),
          .head_width = a.at("head_width"),
          .caption_width = a.at("caption_width"),
          .batch = spec.batch,
          .image_width = spec.width,
          .image_height = spec.height};
}

std::string z_image_fault(const scenario::ModelSpec& spec) {
  return numbers_fault(spec, {}, 16); // 2 : 3 : 3
}

double z_image_flop(const ZImageConfig& c, std::int64_t caption_tokens) {
  const double d = static_cast<double>(c.dim()), f = static_cast<double>(c.ffn());
  const double t = static_cast<double>(c.time_width()), patch = c.kPatch * c.kPatch * c.kChannels;
  const double image = static_cast<double>(c.image_tokens());
  const double caption = static_cast<double>(c.padded(caption_tokens));
  const auto block = [&](double tokens) {
    return 2 * tokens * (4 * d * d + 3 * d * f) + 4 * tokens * tokens * d;
  };
  const double modulation = 2 * t * 4 * d;
  const auto batch = static_cast<double>(c.batch), layers = static_cast<double>(c.layers),
             refiners = static_cast<double>(c.refiner_layers);
  return batch * (layers * block(image + caption) + refiners * block(image) +
                  2 * image * patch * d + 2 * (image + caption) * d * patch) +
         (layers + refiners) * modulation + refiners * block(caption) +
         2 * caption * static_cast<double>(c.caption_width) * d + 2 * t * d +
         2 * kTimeHidden * (c.kTimeWidth + t);
}

std::vector<scenario::KernelShape> z_image_kernel_shapes(const scenario::ModelSpec& spec,
                                                         std::string_view family) {
  const ZImageConfig c = z_image_config(spec);
  const std::int64_t caption = c.padded(spec.text_tokens), image = c.batch * c.image_tokens(),
                     all = c.batch * (c.image_tokens() + caption);
  std::vector<scenario::KernelShape> shapes;
  const auto add = [&](std::initializer_list<std::int64_t> rows, std::int64_t width,
                       std::int64_t heads = 1) {
    for (const std::int64_t r : rows)
      add_distinct(shapes, {.rows = r, .width = width, .dtype = spec.dtype, .heads = heads});
  };
  if (family == "rms_norm") {
    add({all, image, caption}, c.dim());
    // q and k, a call each, where a path does not fuse them.
    add({all * c.heads, image * c.heads, caption * c.heads}, c.head_width);
    shapes.push_back({.rows = caption, .width = c.caption_width, .dtype = scenario::DType::fp32});
  } else if (family == "rms_norm_scale" || family == "add_gated_rms_norm" ||
             family == "add_gated_rms_norm_then_scale") {
    add({all, image}, c.dim());
  } else if (family == "qk_rms_norm_rope") {
    add({all, image, caption}, c.head_width, c.heads);
  } else if (family == "layer_norm_scale_shift") {
    add({all}, c.dim());
  } else if (family == "swiglu") {
    add({all, image, caption}, c.ffn());
  }
  return shapes;
}

std::int64_t z_image_memory(const scenario::ModelSpec& spec) {
  const ZImageConfig c = z_image_config(spec);
  const auto counter = make_random_weights(c10::kMeta, c10::kFloat, 0);
  const std::int64_t parameters = make_z_image(spec, *counter)->parameters();
  const std::int64_t tokens = c.batch * (c.image_tokens() + c.padded(spec.text_tokens));
  // The widest moment of a block: the residual, its norm in fp32, the packed w1|w3 product and its
  // gated half; or q, k, v with their rotations in fp32. Twice over, for blocks that the allocator
  // cannot reuse.
  const std::int64_t width = 2 * (2 * c.dim() + 2 * c.dim() + 2 * c.ffn() + c.ffn());
  return device_memory(parameters, tokens * width, spec.dtype);
}

std::unique_ptr<Denoiser> make_z_image(const scenario::ModelSpec& spec, Weights& weights) {
  return std::make_unique<ZImage>(z_image_config(spec), weights);
}

} // namespace bench::models
