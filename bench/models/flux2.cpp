#include <bench/models/flux2.h>
#include <bench/models/joint_denoiser.h>
#include <bench/models/numbers.h>
#include <bench/models/scheduler.h>
#include <bench/models/weights.h>
#include <kernels/operators.h>

#include <ATen/TensorOperators.h>

#include <fmt/format.h>

// Source: diffusers, models/transformers/transformer_flux2.py (0.42), of which this computes the
// same function for one image without reference images.

namespace bench::models {
namespace {

// All blocks of a kind share their modulation.
constexpr std::int64_t kSingleRow = 12, kRows = 17;

class Flux2 final : public JointDenoiser {
 public:
  Flux2(const Flux2Config& config, Weights& w)
      : JointDenoiser({.name = "flux2",
                       .shape = config.shape(),
                       .batch = config.batch,
                       .tokens = config.image_tokens(),
                       .channels = config.kChannels,
                       .caption_width = config.caption_width,
                       .axes = {config.head_width / 4, config.head_width / 4, config.head_width / 4,
                                config.head_width / 4},
                       .theta = 2000},
                      w),
        c_(config) {
    const std::int64_t d = shape().dim();
    const std::string embed = "time_guidance_embed.";
    time_ = take_embedding(w, embed + "timestep_embedder", kTimeWidth, d, false);
    if (c_.guidance_embeds)
      guidance_ = take_embedding(w, embed + "guidance_embedder", kTimeWidth, d, false);
    modulator_ =
        Modulator(w,
                  {"double_stream_modulation_img.linear", "double_stream_modulation_txt.linear",
                   "single_stream_modulation.linear"},
                  {6, 6, 3}, "norm_out.linear", d, false);
    embed_image_ = take_linear(w, "x_embedder", d, c_.kChannels, false);
    embed_caption_ = take_linear(w, "context_embedder", d, c_.caption_width, false);
    for (std::int64_t i = 0; i < c_.layers; ++i) {
      const std::string block = fmt::format("transformer_blocks.{}", i);
      blocks_.push_back(
          {.text = take_stream(
               w, block, text_names("ff_context.linear_in", "ff_context.linear_out"), shape()),
           .image = take_stream(w, block, image_names("ff.linear_in", "ff.linear_out"), shape())});
    }
    for (std::int64_t i = 0; i < c_.single_layers; ++i)
      singles_.push_back(take_single(w, fmt::format("single_transformer_blocks.{}.attn.", i)));
    final_ = take_linear(w, "proj_out", c_.kChannels, d, false);
    finish(w);
  }

  std::vector<at::Tensor> velocities(const at::Tensor& latents, const at::Tensor& time,
                                     const std::vector<Inputs>& inputs) const override {
    at::Tensor embedding = time_(sinusoid(time));
    if (c_.guidance_embeds) // the same for all inputs
      embedding = embedding + guidance_(sinusoid(inputs[0].guidance));
    const at::Tensor table = modulator_(embedding)[0];
    std::vector<at::Tensor> all;
    for (const Inputs& in : inputs)
      all.push_back(velocity(latents, table, in));
    return all;
  }

  std::vector<float> sigmas(int steps, double shift) const override {
    return flow_match_sigmas(steps, shift > 0 ? shift : empirical_shift(c_.image_tokens(), steps));
  }
  Guidance guidance() const override {
    return c_.guidance_embeds ? Guidance::embedded : Guidance::plain;
  }
  double flop(std::int64_t caption_tokens) const override { return flux2_flop(c_, caption_tokens); }

 private:
  /// Published as one product q|k|v|gate|up, of which two halves are slices.
  SingleBlock take_single(Weights& w, const std::string& attn) const {
    const std::int64_t d = shape().dim();
    const Linear in = take_linear(w, attn + "to_qkv_mlp_proj", 3 * d + shape().up(), d, false);
    const Linear out = take_linear(w, attn + "to_out", d, d + shape().ffn, false);
    SingleBlock made = make_single_block(
        {.weight = in.weight.narrow(0, 0, 3 * d), .bias = {}},
        {.weight = in.weight.narrow(0, 3 * d, shape().up()), .bias = {}}, out, shape());
    made.norm_q = w.take(attn + "norm_q.weight", {shape().head_width});
    made.norm_k = w.take(attn + "norm_k.weight", {shape().head_width});
    return made;
  }

  /// (0, row, column, 0) in the image and (0, 0, 0, index) in the caption.
  Positions positions(std::int64_t caption_tokens) const override {
    Positions all;
    for (std::int64_t i = 0; i < caption_tokens; ++i)
      all.push_back({0, 0, 0, i});
    append_grid(all, c_.image_width / 16, c_.image_height / 16,
                [](std::int64_t row, std::int64_t column) {
                  return std::vector<std::int64_t>{0, row, column, 0};
                });
    return all;
  }

  at::Tensor velocity(const at::Tensor& latents, const at::Tensor& table, const Inputs& in) const {
    const at::Tensor x =
        two_streams_then_one(blocks_, singles_, repeated(embed_caption_(cast(in.caption))),
                             embed_image_(latents.flatten(0, 1)), table, {.singles = kSingleRow});
    return as_velocity(final_(x));
  }

  Flux2Config c_;
  EmbeddingMlp time_, guidance_;
  Linear embed_image_, embed_caption_, final_;
  Modulator modulator_;
  std::vector<DoubleBlock> blocks_;
  std::vector<SingleBlock> singles_;
};

} // namespace

BlockShape Flux2Config::shape() const {
  return {.heads = heads,
          .head_width = head_width,
          .ffn = 3 * heads * head_width,
          .activation = Activation::swiglu,
          .bias = false};
}

Flux2Config flux2_config(const scenario::ModelSpec& spec) {
  const auto& a = spec.architecture;
  return {.layers = a.at("layers"),
          .single_layers = a.at("single_layers"),
          .heads = a.at("heads"),
          .head_width = a.at("head_width"),
          .caption_width = a.at("caption_width"),
          .guidance_embeds = a.at("guidance_embeds") != 0,
          .batch = spec.batch,
          .image_width = spec.width,
          .image_height = spec.height};
}

std::string flux2_fault(const scenario::ModelSpec& spec) {
  return numbers_fault(spec, {"guidance_embeds"}, 8);
}

double flux2_flop(const Flux2Config& c, std::int64_t caption_tokens) {
  const BlockShape shape = c.shape();
  const auto d = static_cast<double>(shape.dim());
  const double embeddings = c.guidance_embeds ? 2 : 1;
  return static_cast<double>(c.batch) *
             (static_cast<double>(c.layers) *
                  double_block_flop(shape, {caption_tokens, c.image_tokens()}) +
              static_cast<double>(c.single_layers) *
                  single_block_flop(shape, caption_tokens + c.image_tokens()) +
              2 * d * 2 * static_cast<double>(c.image_tokens() * c.kChannels)) +
         2 * d * kRows * d + 2 * static_cast<double>(caption_tokens * c.caption_width) * d +
         2 * d * embeddings * (kTimeWidth + d);
}

std::vector<scenario::KernelShape> flux2_kernel_shapes(const scenario::ModelSpec& spec,
                                                       std::string_view family) {
  const Flux2Config c = flux2_config(spec);
  return block_kernel_shapes(c.shape(), family, {c.image_tokens(), spec.text_tokens}, true, spec);
}

std::int64_t flux2_memory(const scenario::ModelSpec& spec) {
  const Flux2Config c = flux2_config(spec);
  const auto counter = make_random_weights(c10::kMeta, c10::kFloat, 0);
  return block_memory(c.shape(), make_flux2(spec, *counter)->parameters(),
                      c.image_tokens() + spec.text_tokens, spec);
}

std::unique_ptr<Denoiser> make_flux2(const scenario::ModelSpec& spec, Weights& weights) {
  return std::make_unique<Flux2>(flux2_config(spec), weights);
}

} // namespace bench::models
