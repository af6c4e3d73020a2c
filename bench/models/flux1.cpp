#include <bench/models/flux1.h>
#include <bench/models/joint_denoiser.h>
#include <bench/models/numbers.h>
#include <bench/models/scheduler.h>
#include <bench/models/weights.h>
#include <kernels/operators.h>

#include <ATen/TensorOperators.h>

#include <fmt/format.h>

// Source: diffusers, models/transformers/transformer_flux.py (0.42), of which this computes the
// same function for one image.

namespace bench::models {
namespace {

constexpr std::int64_t kRowsPerBlock = 12, kRowsPerSingle = 3;

class Flux1 final : public JointDenoiser {
 public:
  Flux1(const Flux1Config& config, Weights& w)
      : JointDenoiser({.name = "flux1",
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
    const std::string embed = "time_text_embed.";
    time_ = take_embedding(w, embed + "timestep_embedder", kTimeWidth, d, true);
    if (c_.guidance_embeds)
      guidance_ = take_embedding(w, embed + "guidance_embedder", kTimeWidth, d, true);
    pooled_ = take_embedding(w, embed + "text_embedder", c_.pooled_width, d, true);
    embed_caption_ = take_linear(w, "context_embedder", d, c_.caption_width, true);
    embed_image_ = take_linear(w, "x_embedder", d, c_.kChannels, true);
    std::vector<std::string> modulations;
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < c_.layers; ++i) {
      const std::string block = fmt::format("transformer_blocks.{}", i);
      blocks_.push_back(
          {.text = take_stream(w, block, text_names("ff_context.net.0.proj", "ff_context.net.2"),
                               shape()),
           .image = take_stream(w, block, image_names("ff.net.0.proj", "ff.net.2"), shape())});
      modulations.insert(modulations.end(),
                         {block + ".norm1.linear", block + ".norm1_context.linear"});
      rows.insert(rows.end(), {6, 6});
    }
    for (std::int64_t i = 0; i < c_.single_layers; ++i) {
      const std::string block = fmt::format("single_transformer_blocks.{}", i);
      singles_.push_back(take_single(w, block));
      modulations.push_back(block + ".norm.linear");
      rows.push_back(kRowsPerSingle);
    }
    modulator_ = Modulator(w, modulations, rows, "norm_out.linear", d, true);
    final_ = take_linear(w, "proj_out", c_.kChannels, d, true);
    finish(w);
  }

  std::vector<at::Tensor> velocities(const at::Tensor& latents, const at::Tensor& time,
                                     const std::vector<Inputs>& inputs) const override {
    const at::Tensor embedding = time_(sinusoid(time));
    std::vector<at::Tensor> all;
    for (const Inputs& in : inputs)
      all.push_back(velocity(latents, embedding, in));
    return all;
  }

  std::vector<float> sigmas(int steps, double shift) const override {
    return flow_match_sigmas(steps,
                             shift > 0 ? shift : linear_shift(c_.image_tokens(), 0.5, 1.15, 4096));
  }
  Guidance guidance() const override {
    return c_.guidance_embeds ? Guidance::embedded : Guidance::plain;
  }
  std::int64_t pooled_width() const override { return c_.pooled_width; }
  double flop(std::int64_t caption_tokens) const override { return flux1_flop(c_, caption_tokens); }

 private:
  SingleBlock take_single(Weights& w, const std::string& block) const {
    const std::int64_t d = shape().dim();
    const std::string attn = block + ".attn.";
    Linear qkv = take_packed(w, {attn + "to_q", attn + "to_k", attn + "to_v"}, {d, d, d}, d, true);
    Linear up = take_linear(w, block + ".proj_mlp", shape().ffn, d, true);
    const Linear out = take_linear(w, block + ".proj_out", d, d + shape().ffn, true);
    SingleBlock made = make_single_block(std::move(qkv), std::move(up), out, shape());
    made.norm_q = w.take(attn + "norm_q.weight", {shape().head_width});
    made.norm_k = w.take(attn + "norm_k.weight", {shape().head_width});
    return made;
  }

  /// (0, row, column) in the image and (0, 0, 0) in the caption.
  Positions positions(std::int64_t caption_tokens) const override {
    Positions all(static_cast<std::size_t>(caption_tokens), {0, 0, 0});
    append_grid(all, c_.image_width / 16, c_.image_height / 16,
                [](std::int64_t row, std::int64_t column) {
                  return std::vector<std::int64_t>{0, row, column};
                });
    return all;
  }

  at::Tensor velocity(const at::Tensor& latents, const at::Tensor& time, const Inputs& in) const {
    at::Tensor embedding = time;
    if (c_.guidance_embeds)
      embedding = embedding + guidance_(sinusoid(in.guidance));
    embedding = embedding + pooled_(cast(in.pooled));
    const at::Tensor table = modulator_(embedding)[0];

    const at::Tensor x =
        two_streams_then_one(blocks_, singles_, repeated(embed_caption_(cast(in.caption))),
                             embed_image_(latents.flatten(0, 1)), table,
                             {.per_double = kRowsPerBlock,
                              .singles = c_.layers * kRowsPerBlock,
                              .per_single = kRowsPerSingle});
    return as_velocity(final_(x));
  }

  Flux1Config c_;
  EmbeddingMlp time_, guidance_, pooled_;
  Linear embed_image_, embed_caption_, final_;
  Modulator modulator_;
  std::vector<DoubleBlock> blocks_;
  std::vector<SingleBlock> singles_;
};

} // namespace

BlockShape Flux1Config::shape() const {
  return {.heads = heads,
          .head_width = head_width,
          .ffn = 4 * heads * head_width,
          .activation = Activation::gelu,
          .bias = true};
}

Flux1Config flux1_config(const scenario::ModelSpec& spec) {
  const auto& a = spec.architecture;
  return {.layers = a.at("layers"),
          .single_layers = a.at("single_layers"),
          .heads = a.at("heads"),
          .head_width = a.at("head_width"),
          .caption_width = a.at("caption_width"),
          .pooled_width = a.at("pooled_width"),
          .guidance_embeds = a.at("guidance_embeds") != 0,
          .batch = spec.batch,
          .image_width = spec.width,
          .image_height = spec.height};
}

std::string flux1_fault(const scenario::ModelSpec& spec) {
  return numbers_fault(spec, {"guidance_embeds"}, 32);
}

double flux1_flop(const Flux1Config& c, std::int64_t caption_tokens) {
  const BlockShape shape = c.shape();
  const auto d = static_cast<double>(shape.dim());
  const auto layers = static_cast<double>(c.layers), singles = static_cast<double>(c.single_layers);
  const double rows = layers * kRowsPerBlock + singles * kRowsPerSingle + 2;
  const double embeddings = c.guidance_embeds ? 2 : 1;
  return static_cast<double>(c.batch) *
             (layers * double_block_flop(shape, {caption_tokens, c.image_tokens()}) +
              singles * single_block_flop(shape, caption_tokens + c.image_tokens()) +
              2 * d * 2 * static_cast<double>(c.image_tokens() * c.kChannels)) +
         2 * d * rows * d + 2 * static_cast<double>(caption_tokens * c.caption_width) * d +
         2 * d * (embeddings * (kTimeWidth + d) + static_cast<double>(c.pooled_width) + d);
}

std::vector<scenario::KernelShape> flux1_kernel_shapes(const scenario::ModelSpec& spec,
                                                       std::string_view family) {
  const Flux1Config c = flux1_config(spec);
  return block_kernel_shapes(c.shape(), family, {c.image_tokens(), spec.text_tokens}, true, spec);
}

std::int64_t flux1_memory(const scenario::ModelSpec& spec) {
  const Flux1Config c = flux1_config(spec);
  const auto counter = make_random_weights(c10::kMeta, c10::kFloat, 0);
  return block_memory(c.shape(), make_flux1(spec, *counter)->parameters(),
                      c.image_tokens() + spec.text_tokens, spec);
}

std::unique_ptr<Denoiser> make_flux1(const scenario::ModelSpec& spec, Weights& weights) {
  return std::make_unique<Flux1>(flux1_config(spec), weights);
}

} // namespace bench::models
