#include <bench/models/joint_denoiser.h>
#include <bench/models/weights.h>
#include <bench/profile/operation.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <optional>
#include <utility>

namespace bench::models {

namespace {
constexpr double kTimeScale = 1000;
}

JointDenoiser::JointDenoiser(Frame frame, const Weights& weights)
    : frame_(std::move(frame)), type_(weights.type()), device_(weights.device()) {}

void JointDenoiser::finish(const Weights& weights) {
  parameters_ = weights.parameters();
  if (device_.is_meta())
    return; // only counted
  frequencies_ = timestep_frequencies(kTimeWidth / 2, at::TensorOptions().device(device_));
  use({{"rms_norm", "aten"}});
}

void JointDenoiser::use(const Paths& paths) {
  operators_ = operators_of(paths, frame_.name);
}

const JointDenoiser::Rotation& JointDenoiser::rotation_for(std::int64_t caption_tokens) const {
  const profile::Operation operation("rope tables");
  return rotations_.get(caption_tokens, [&] {
    const at::Tensor one =
        rotations(positions(caption_tokens), frame_.axes, frame_.theta).to(device_);
    return Rotation{one, repeated(one)};
  });
}

at::Tensor JointDenoiser::two_streams_then_one(const std::vector<DoubleBlock>& doubles,
                                               const std::vector<SingleBlock>& singles,
                                               at::Tensor text, at::Tensor image,
                                               const at::Tensor& table,
                                               const ModulationRows& rows) const {
  constexpr std::int64_t kImageRow = 0, kTextRow = 6;
  const std::int64_t text_tokens = text.size(0) / batch();
  std::vector<Stream> streams{{.weights = &DoubleBlock::text,
                               .name = "text",
                               .first = 0,
                               .x = std::move(text),
                               .modulation = table,
                               .row = kTextRow,
                               .rows_per_block = rows.per_double,
                               .after = std::nullopt},
                              {.weights = &DoubleBlock::image,
                               .name = "image",
                               .first = text_tokens,
                               .x = std::move(image),
                               .modulation = table,
                               .row = kImageRow,
                               .rows_per_block = rows.per_double,
                               .after = std::nullopt}};
  const Rotation& rotation = rotation_for(text_tokens);
  run_double_blocks(operators(), shape(), doubles, streams, rotation.one, batch(), watcher());
  const auto images = [&](const Stream& s) { return s.x.unflatten(0, {batch(), -1}); };
  const at::Tensor joint = at::cat({images(streams[0]), images(streams[1])}, 1).flatten(0, 1);
  return run_single_blocks(operators(), shape(), singles, joint, rotation.all, table, rows.singles,
                           rows.per_single, text_tokens, batch(), watcher());
}

at::Tensor JointDenoiser::repeated(const at::Tensor& t) const {
  return frame_.batch == 1 ? t : t.repeat({frame_.batch, 1});
}

at::Tensor JointDenoiser::as_velocity(const at::Tensor& rows) const {
  return rows.view({frame_.batch, frame_.tokens, frame_.channels}).to(at::kFloat);
}

at::Tensor JointDenoiser::sinusoid(const at::Tensor& t) const {
  const profile::Operation operation("embedding");
  return cast(timestep_embedding((cast(t) * kTimeScale).to(at::kFloat), frequencies_));
}

at::Tensor JointDenoiser::sinusoid_scaled_late(const at::Tensor& t) const {
  const profile::Operation operation("embedding");
  return cast(timestep_embedding(cast(t).to(at::kFloat), frequencies_, kTimeScale));
}

} // namespace bench::models
