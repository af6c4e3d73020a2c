#include <bench/models/weights.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>

#include <gtest/gtest.h>

namespace bench::models {
namespace {

TEST(RandomWeights, SignsAreThoseOfTheNumbersInOneSize) {
  const auto take = [](bool only_signs, const char* name, std::vector<std::int64_t> shape) {
    return make_random_weights(c10::kCPU, c10::kFloat, 1, only_signs)->take(name, std::move(shape));
  };
  const at::Tensor matrix = take(true, "layer.weight", {64, 400});
  EXPECT_TRUE(at::equal(matrix.sign(), take(false, "layer.weight", {64, 400}).sign()));
  EXPECT_TRUE(at::allclose(matrix.abs(), at::full({64, 400}, 0.05))); // 1 / sqrt(400)
  const at::Tensor norm = take(true, "norm.weight", {1000});
  EXPECT_TRUE(at::allclose((norm - 1).abs(), at::full({1000}, 0.1)));
}

TEST(RandomWeights, ComeFromTheSeed) {
  const auto draw = [](std::uint64_t seed) {
    return make_random_weights(c10::kCPU, c10::kFloat, seed)->take("layer.weight", {64, 400});
  };
  EXPECT_TRUE(at::equal(draw(7), draw(7)));
  EXPECT_FALSE(at::equal(draw(7), draw(8)));
}

TEST(RandomWeights, KeepActivationsNearOne) {
  const auto weights = make_random_weights(c10::kCPU, c10::kFloat, 1);
  EXPECT_NEAR(weights->take("layer.weight", {64, 400}).std().item<float>(), 1 / 20.0, 0.002);
  EXPECT_NEAR(weights->take("norm.weight", {4096}).mean().item<float>(), 1, 0.02);
  EXPECT_NEAR(weights->take("layer.bias", {4096}).mean().item<float>(), 0, 0.01);
  EXPECT_LT(weights->take("pad_token", {1, 4096}).abs().max().item<float>(), 0.2);
}

TEST(RandomWeights, OnMetaOnlyCount) {
  const auto weights = make_random_weights(c10::kMeta, c10::kBFloat16, 1);
  weights->take("huge.weight", {1 << 20, 1 << 20});
  EXPECT_EQ(weights->parameters(), std::int64_t{1} << 40);
}

} // namespace
} // namespace bench::models
