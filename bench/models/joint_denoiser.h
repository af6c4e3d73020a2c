#pragma once

#include <bench/models/blocks.h>
#include <bench/models/layers.h>

#include <string>
#include <vector>

namespace bench::models {

inline constexpr std::int64_t kTimeWidth = 256; ///< of the sinusoids of a time

/// What Qwen-Image, FLUX.1 and FLUX.2 have in common around their blocks: latents as tokens of 2x2
/// pixels, the noise level as time, rotations made once for each caption length.
class JointDenoiser : public Denoiser {
 public:
  void use(const Paths& paths) final;
  float time_of(float sigma) const final { return sigma; }
  std::vector<std::int64_t> latent_shape() const final {
    return {frame_.batch, frame_.tokens, frame_.channels};
  }
  std::int64_t caption_width() const final { return frame_.caption_width; }
  std::int64_t parameters() const final { return parameters_; }

 protected:
  using Positions = std::vector<std::vector<std::int64_t>>; ///< [token][axis]

  struct Frame {
    std::string name; ///< of the family, for messages
    BlockShape shape;
    std::int64_t batch = 1;
    std::int64_t tokens = 0;   ///< of an image
    std::int64_t channels = 0; ///< of a token
    std::int64_t caption_width = 0;
    std::vector<std::int64_t> axes; ///< of a head, for rotary embedding
    double theta = 10000;
  };
  JointDenoiser(Frame frame, const Weights& weights);
  /// At the end of the constructor of each family.
  void finish(const Weights& weights);

  /// Where the tokens of a sequence lie, the caption's first.
  virtual Positions positions(std::int64_t caption_tokens) const = 0;
  /// Appends those of a grid that counts from (`row`, `column`): make(row, column) each.
  template <typename Make>
  static void append_grid(Positions& all, std::int64_t width, std::int64_t height, Make make) {
    for (std::int64_t row = 0; row < height; ++row)
      for (std::int64_t column = 0; column < width; ++column)
        all.push_back(make(row, column));
  }
  struct Rotation {
    at::Tensor one; ///< of an image
    at::Tensor all; ///< of the batch
  };
  const Rotation& rotation_for(std::int64_t caption_tokens) const;

  /// Rows of a table of modulations: of a double block those of the image come first and those of
  /// the text after them, six each; single blocks begin at `singles`. 0 a block: all share them.
  struct ModulationRows {
    std::int64_t per_double = 0;
    std::int64_t singles = 0;
    std::int64_t per_single = 0;
  };
  /// FLUX's order: `text` and `image` [batch * tokens, dim] through `doubles`, then as one sequence
  /// through `singles`; returns the final norm of the image's tokens.
  at::Tensor two_streams_then_one(const std::vector<DoubleBlock>& doubles,
                                  const std::vector<SingleBlock>& singles, at::Tensor text,
                                  at::Tensor image, const at::Tensor& table,
                                  const ModulationRows& rows) const;

  /// [rows, ...], the same for every image of the batch: [batch * rows, ...].
  at::Tensor repeated(const at::Tensor& t) const;
  /// [batch, tokens, channels] of rows that lie image by image, fp32: a velocity.
  at::Tensor as_velocity(const at::Tensor& rows) const;

  /// Of times (and guidance scales) [n], which are rounded to the network's type as diffusers does,
  /// before they are scaled or after: [n, kTimeWidth].
  at::Tensor sinusoid(const at::Tensor& t) const;
  at::Tensor sinusoid_scaled_late(const at::Tensor& t) const;

  std::int64_t batch() const { return frame_.batch; }
  const BlockShape& shape() const { return frame_.shape; }
  const kernels::Operators& operators() const { return *operators_; }
  /// In the network's type.
  at::Tensor cast(const at::Tensor& t) const { return t.to(type_); }

 private:
  Frame frame_;
  c10::ScalarType type_;
  c10::Device device_;
  std::shared_ptr<const kernels::Operators> operators_;
  at::Tensor frequencies_;
  std::int64_t parameters_ = 0;
  mutable ByCaption<Rotation> rotations_;
};

} // namespace bench::models
