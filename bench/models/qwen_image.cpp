#include <bench/models/joint_denoiser.h>
#include <bench/models/numbers.h>
#include <bench/models/qwen_image.h>
#include <bench/models/scheduler.h>
#include <bench/models/weights.h>
#include <kernels/operators.h>

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>

#include <fmt/format.h>

#include <algorithm>

// Source: diffusers, models/transformers/transformer_qwenimage.py (0.42), of which this computes
// the same function for one image without padding of its caption.

namespace bench::models {
namespace {

constexpr std::int64_t kImageRow = 0, kTextRow = 6, kRowsPerBlock = 12;

class QwenImage final : public JointDenoiser {
 public:
  QwenImage(const QwenImageConfig& config, Weights& w)
      : JointDenoiser({.name = "qwen_image",
                       .shape = config.shape(),
                       .batch = config.batch,
                       .tokens = config.image_tokens(),
                       .channels = config.kChannels,
                       .caption_width = config.caption_width,
                       .axes = {config.head_width / 8, config.head_width * 7 / 16,
                                config.head_width * 7 / 16}},
                      w),
        c_(config) {
    const std::int64_t d = shape().dim();
    time_ = take_embedding(w, "time_text_embed.timestep_embedder", kTimeWidth, d, true);
    caption_norm_ = w.take("txt_norm.weight", {c_.caption_width});
    embed_image_ = take_linear(w, "img_in", d, c_.kChannels, true);
    embed_caption_ = take_linear(w, "txt_in", d, c_.caption_width, true);
    std::vector<std::string> modulations;
    for (std::int64_t i = 0; i < c_.layers; ++i) {
      const std::string block = fmt::format("transformer_blocks.{}", i);
      blocks_.push_back(
          {.text =
               take_stream(w, block, text_names("txt_mlp.net.0.proj", "txt_mlp.net.2"), shape()),
           .image =
               take_stream(w, block, image_names("img_mlp.net.0.proj", "img_mlp.net.2"), shape())});
      modulations.push_back(block + ".img_mod.1");
      modulations.push_back(block + ".txt_mod.1");
    }
    modulator_ = Modulator(w, modulations, std::vector<std::int64_t>(modulations.size(), 6),
                           "norm_out.linear", d, true);
    final_ = take_linear(w, "proj_out", c_.kChannels, d, true);
    finish(w);
  }

  std::vector<at::Tensor> velocities(const at::Tensor& latents, const at::Tensor& time,
                                     const std::vector<Inputs>& inputs) const override {
    const at::Tensor times = c_.zero_cond_t ? at::constant_pad_nd(time, {0, 1}) : time;
    const at::Tensor table = modulator_(time_(sinusoid_scaled_late(times)));
    std::vector<at::Tensor> all;
    for (const Inputs& in : inputs)
      all.push_back(velocity(latents, table, in));
    return all;
  }

  std::vector<float> sigmas(int steps, double shift) const override {
    return shift > 0 ? flow_match_sigmas(steps, shift)
                     : flow_match_sigmas(steps, linear_shift(c_.image_tokens(), 0.5, 0.9, 8192),
                                         /*terminal=*/0.02);
  }
  Guidance guidance() const override { return Guidance::token_norm; }
  std::vector<std::int64_t> picture_shape() const override {
    if (c_.picture_tokens() == 0)
      return {};
    return {c_.picture_tokens(), c_.kChannels};
  }
  double flop(std::int64_t caption_tokens) const override {
    return qwen_image_flop(c_, caption_tokens);
  }

 private:
  /// (frame, row, column), rows and columns counted from the middle: the image in frame 0, the
  /// picture to edit in frame 1. The caption goes on along the diagonal behind them.
  Positions positions(std::int64_t caption_tokens) const override {
    Positions image;
    std::int64_t end = 0;
    const auto add = [&](std::int64_t frame, std::int64_t width, std::int64_t height) {
      append_grid(image, width, height, [&](std::int64_t row, std::int64_t column) {
        return std::vector{frame, row - (height - height / 2), column - (width - width / 2)};
      });
      end = std::max({end, height / 2, width / 2});
    };
    add(0, c_.image_width / 16, c_.image_height / 16);
    if (c_.picture_tokens() > 0)
      add(1, c_.picture_width / 16, c_.picture_height / 16);
    Positions all;
    for (std::int64_t i = 0; i < caption_tokens; ++i)
      all.push_back({end + i, end + i, end + i});
    all.insert(all.end(), image.begin(), image.end());
    return all;
  }

  at::Tensor velocity(const at::Tensor& latents, const at::Tensor& table, const Inputs& in) const {
    const at::Tensor now = table[0];
    const auto stream = [&](StreamWeights DoubleBlock::*weights, const char* name,
                            std::int64_t first, at::Tensor x, const at::Tensor& modulation,
                            std::int64_t row) {
      return Stream{.weights = weights,
                    .name = name,
                    .first = first,
                    .x = std::move(x),
                    .modulation = modulation,
                    .row = row,
                    .rows_per_block = kRowsPerBlock,
                    .after = std::nullopt};
    };
    at::Tensor image = latents, picture;
    if (c_.picture_tokens() > 0)
      picture = cast(in.picture);
    if (picture.defined() && !c_.zero_cond_t)
      image = at::cat({image, picture.expand({batch(), -1, -1})}, 1);
    const at::Tensor text = repeated(
        embed_caption_(operators().rms_norm(cast(in.caption), caption_norm_, BlockShape::kEps)));
    const std::int64_t t = in.caption.size(0);
    std::vector<Stream> streams{
        stream(&DoubleBlock::text, "text", 0, text, now, kTextRow),
        stream(&DoubleBlock::image, "image", t, embed_image_(image.flatten(0, 1)), now, kImageRow)};
    streams[1].after = Modulator::final(now);
    if (picture.defined() && c_.zero_cond_t)
      streams.push_back(stream(&DoubleBlock::image, "picture", t + c_.image_tokens(),
                               repeated(embed_image_(picture)), table[1], kImageRow));
    run_double_blocks(operators(), shape(), blocks_, streams, rotation_for(t).one, batch(),
                      watcher());
    const at::Tensor& normed = streams[1].normed;
    const at::Tensor images = // without a picture that runs in their stream
        normed.unflatten(0, {batch(), -1})
            .narrow(1, 0, c_.image_tokens())
            .reshape({-1, shape().dim()});
    return as_velocity(final_(images));
  }

  QwenImageConfig c_;
  EmbeddingMlp time_;
  Linear embed_image_, embed_caption_, final_;
  Modulator modulator_;
  at::Tensor caption_norm_;
  std::vector<DoubleBlock> blocks_;
};

} // namespace

BlockShape QwenImageConfig::shape() const {
  return {.heads = heads,
          .head_width = head_width,
          .ffn = 4 * heads * head_width,
          .activation = Activation::gelu,
          .bias = true};
}

QwenImageConfig qwen_image_config(const scenario::ModelSpec& spec) {
  const auto& a = spec.architecture;
  const auto zero = a.find("zero_cond_t");
  return {.layers = a.at("layers"),
          .heads = a.at("heads"),
          .head_width = a.at("head_width"),
          .caption_width = a.at("caption_width"),
          .zero_cond_t = zero != a.end() && zero->second != 0,
          .batch = spec.batch,
          .image_width = spec.width,
          .image_height = spec.height,
          .picture_width = spec.picture_width,
          .picture_height = spec.picture_height};
}

std::string qwen_image_fault(const scenario::ModelSpec& spec) {
  return numbers_fault(spec, {"zero_cond_t"}, 32);
}

double qwen_image_flop(const QwenImageConfig& c, std::int64_t caption_tokens) {
  const BlockShape shape = c.shape();
  const auto d = static_cast<double>(shape.dim());
  const auto image = static_cast<double>(c.image_tokens());
  const auto all_image = static_cast<double>(c.image_tokens() + c.picture_tokens());
  const double times = c.zero_cond_t ? 2 : 1;
  const auto layers = static_cast<double>(c.layers);
  return static_cast<double>(c.batch) *
             (layers * double_block_flop(shape,
                                         {caption_tokens, c.image_tokens() + c.picture_tokens()}) +
              2 * d * (all_image + image) * c.kChannels) +
         layers * 2 * times * d * kRowsPerBlock * d +
         2 * static_cast<double>(caption_tokens * c.caption_width) * d +
         2 * times * (kTimeWidth * d + d * d + 2 * d * d);
}

std::vector<scenario::KernelShape> qwen_image_kernel_shapes(const scenario::ModelSpec& spec,
                                                            std::string_view family) {
  const QwenImageConfig c = qwen_image_config(spec);
  std::vector<std::int64_t> streams{c.image_tokens() + c.picture_tokens(), spec.text_tokens};
  if (c.zero_cond_t)
    streams = {c.image_tokens(), c.picture_tokens(), spec.text_tokens};
  auto shapes = block_kernel_shapes(c.shape(), family, streams, false, spec);
  if (family == "rms_norm")
    shapes.push_back({.rows = spec.text_tokens, .width = c.caption_width, .dtype = spec.dtype});
  return shapes;
}

std::int64_t qwen_image_memory(const scenario::ModelSpec& spec) {
  const QwenImageConfig c = qwen_image_config(spec);
  const auto counter = make_random_weights(c10::kMeta, c10::kFloat, 0);
  return block_memory(c.shape(), make_qwen_image(spec, *counter)->parameters(),
                      c.image_tokens() + c.picture_tokens() + spec.text_tokens, spec);
}

std::unique_ptr<Denoiser> make_qwen_image(const scenario::ModelSpec& spec, Weights& weights) {
  return std::make_unique<QwenImage>(qwen_image_config(spec), weights);
}

} // namespace bench::models
