#include <bench/models/flux1.h>
#include <bench/models/flux2.h>
#include <bench/models/qwen_image.h>
#include <bench/models/registry.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace bench::models {
namespace {

scenario::ModelSpec published(const std::string& name, std::int64_t text_tokens = 512) {
  const auto family =
      std::ranges::find(families(), name, [](const Family& f) { return f.catalog.name; });
  scenario::ModelSpec spec;
  spec.name = name;
  spec.text_tokens = text_tokens;
  spec.architecture = family->catalog.architecture;
  if (family->catalog.edits)
    spec.picture_width = spec.picture_height = 1024;
  return spec;
}

scenario::ModelSpec klein_4b() {
  scenario::ModelSpec spec = published("flux2");
  spec.architecture = {{"layers", 5},       {"single_layers", 20},   {"heads", 24},
                       {"head_width", 128}, {"caption_width", 7680}, {"guidance_embeds", 0}};
  return spec;
}

scenario::ModelSpec klein_9b() {
  scenario::ModelSpec spec = published("flux2");
  spec.architecture = {{"layers", 8},       {"single_layers", 24},    {"heads", 32},
                       {"head_width", 128}, {"caption_width", 12288}, {"guidance_embeds", 0}};
  return spec;
}

TEST(Networks, HaveThePublishedNumbersOfParameters) {
  const auto billions = [](const scenario::ModelSpec& spec) {
    return static_cast<double>(count_parameters(spec)) * 1e-9;
  };
  EXPECT_NEAR(billions(published("qwen_image")), 20.430, 0.0005);
  EXPECT_NEAR(billions(published("qwen_image_edit")), 20.430, 0.0005);
  EXPECT_NEAR(billions(published("flux1")), 11.901, 0.0005);
  EXPECT_NEAR(billions(published("flux2")), 32.223, 0.0005);
  EXPECT_NEAR(billions(klein_4b()), 3.876, 0.0005);
  EXPECT_NEAR(billions(klein_9b()), 9.079, 0.0005);
}

TEST(Networks, CountTheWorkOfAForward) {
  EXPECT_NEAR(qwen_image_flop(qwen_image_config(published("qwen_image")), 26), 68.6e12, 0.1e12);
  EXPECT_NEAR(flux1_flop(flux1_config(published("flux1")), 512), 74.4e12, 0.1e12);
  EXPECT_NEAR(flux2_flop(flux2_config(published("flux2")), 512), 282.6e12, 0.3e12);
  EXPECT_NEAR(flux2_flop(flux2_config(klein_4b()), 512), 34.8e12, 0.1e12);
  EXPECT_NEAR(flux2_flop(flux2_config(klein_9b()), 512), 75.5e12, 0.1e12);
}

TEST(Networks, APictureToEditDoublesTheTokens) {
  const QwenImageConfig image = qwen_image_config(published("qwen_image")),
                        edit = qwen_image_config(published("qwen_image_edit"));
  EXPECT_EQ(image.picture_tokens(), 0);
  EXPECT_EQ(edit.picture_tokens(), 4096);
  EXPECT_TRUE(edit.zero_cond_t);
  // Products twice, attention four times.
  const double attention = 60.0 * 4 * 4096 * 4096 * 3072;
  EXPECT_NEAR(qwen_image_flop(edit, 0), 2 * qwen_image_flop(image, 0) + 2 * attention, 1e11);
}

std::vector<std::string> shapes(const scenario::ModelSpec& spec, std::string_view kernel) {
  std::vector<std::string> names;
  for (const Family& family : families())
    if (family.catalog.name == spec.name)
      for (const auto& shape : family.catalog.kernel_shapes(spec, kernel))
        names.push_back(to_string(shape));
  return names;
}

using Names = std::vector<std::string>;

TEST(Networks, NameTheShapesOfTheirKernels) {
  EXPECT_EQ(shapes(published("qwen_image", 26), "rms_norm"),
            (Names{"98304x128.bf16", "624x128.bf16", "26x3584.bf16"}));
  EXPECT_EQ(shapes(published("qwen_image", 26), "qk_rms_norm_rope"),
            (Names{"4096x24x128.bf16", "26x24x128.bf16"}));
  EXPECT_EQ(shapes(published("qwen_image", 26), "add_gated_then_layer_norm"),
            (Names{"4096x3072.bf16", "26x3072.bf16"}));
  EXPECT_EQ(shapes(published("qwen_image", 26), "swiglu"), Names{});
  EXPECT_EQ(shapes(published("qwen_image_edit", 26), "layer_norm_scale_shift"),
            (Names{"4096x3072.bf16", "26x3072.bf16"}))
      << "image and picture are as large";
  EXPECT_EQ(shapes(published("flux1"), "rms_norm"),
            (Names{"110592x128.bf16", "98304x128.bf16", "12288x128.bf16"}));
  EXPECT_EQ(shapes(published("flux2"), "rms_norm"),
            (Names{"221184x128.bf16", "196608x128.bf16", "24576x128.bf16"}));
  EXPECT_EQ(shapes(klein_9b(), "rms_norm"),
            (Names{"147456x128.bf16", "131072x128.bf16", "16384x128.bf16"}));
  EXPECT_EQ(shapes(published("flux2"), "swiglu"),
            (Names{"4608x18432.bf16", "4096x18432.bf16", "512x18432.bf16"}));
}

TEST(Networks, KnowTheirMemoryBeforehand) {
  const auto gib = [](const scenario::ModelSpec& spec) {
    return static_cast<double>(memory_needed(spec)) / (1 << 30);
  };
  const std::pair<scenario::ModelSpec, double> parameters[] = {{published("qwen_image"), 38.06},
                                                               {published("flux1"), 22.17},
                                                               {published("flux2"), 60.02},
                                                               {klein_4b(), 7.22},
                                                               {klein_9b(), 16.91}};
  for (const auto& [spec, weights] : parameters) {
    EXPECT_GT(gib(spec), weights) << spec.name;
    EXPECT_LT(gib(spec), weights + 5) << spec.name;
  }
  EXPECT_GT(memory_needed(published("qwen_image_edit")), memory_needed(published("qwen_image")));
}

TEST(Networks, SayWhatIsWrongWithTheirNumbers) {
  const auto fault = [](std::string_view name, const std::string& key, std::int64_t value) {
    for (const Family& family : families())
      if (family.catalog.name == name) {
        scenario::ModelSpec spec = published(family.catalog.name);
        spec.architecture[key] = value;
        return family.catalog.fault(spec);
      }
    return std::string("no such model");
  };
  EXPECT_EQ(fault("flux1", "heads", 24), "");
  EXPECT_EQ(fault("flux1", "guidance_embeds", 2),
            "architecture.guidance_embeds is 2; it must be 0 or 1");
  EXPECT_EQ(fault("flux2", "single_layers", 0),
            "architecture.single_layers is 0; it must be 1 to 65536");
  EXPECT_NE(fault("qwen_image", "head_width", 48).find("a multiple of 32"), std::string::npos);
  EXPECT_EQ(fault("flux2", "head_width", 48), "");
  EXPECT_NE(fault("flux2", "head_width", 36).find("a multiple of 8"), std::string::npos);
}

} // namespace
} // namespace bench::models
