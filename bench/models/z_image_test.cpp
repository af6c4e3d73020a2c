#include <bench/models/registry.h>
#include <bench/models/z_image.h>

#include <gtest/gtest.h>

namespace bench::models {
namespace {

scenario::ModelSpec published() {
  scenario::ModelSpec spec;
  spec.name = "z_image";
  spec.architecture = families().front().catalog.architecture;
  return spec;
}

TEST(ZImage, HasThePublishedNumberOfParameters) {
  EXPECT_NEAR(static_cast<double>(count_parameters(published())), 6.155e9, 0.0005e9);
}

TEST(ZImage, CountsTheWorkOfAForward) {
  // 4096 + 32 tokens: 46.8 TFLOP in linear layers, 8.4 in attention.
  EXPECT_NEAR(z_image_flop(z_image_config(published()), 32), 55.1e12, 0.1e12);
  EXPECT_EQ(z_image_flop(z_image_config(published()), 1),
            z_image_flop(z_image_config(published()), 32))
      << "captions are padded to 32 tokens";
}

TEST(ZImage, NamesTheShapesOfItsNorms) {
  const auto shapes_of = [](std::string_view family) {
    std::vector<std::string> shapes;
    for (const auto& shape : z_image_kernel_shapes(published(), family))
      shapes.push_back(to_string(shape));
    return shapes;
  };
  EXPECT_EQ(shapes_of("qk_rms_norm_rope"),
            (std::vector<std::string>{"4128x30x128.bf16", "4096x30x128.bf16", "32x30x128.bf16"}));
  EXPECT_EQ(shapes_of("swiglu").front(), "4128x10240.bf16");
  EXPECT_TRUE(shapes_of("add_gated").empty());
  EXPECT_EQ(shapes_of("rms_norm"),
            (std::vector<std::string>{"4128x3840.bf16", "4096x3840.bf16", "32x3840.bf16",
                                      "123840x128.bf16", "122880x128.bf16", "960x128.bf16",
                                      "32x2560.fp32"}));
}

TEST(ZImage, KnowsItsMemoryBeforehand) {
  const double gib = static_cast<double>(memory_needed(published())) / (1 << 30);
  EXPECT_GT(gib, 11.5); // the parameters alone
  EXPECT_LT(gib, 16);
}

TEST(ZImage, SaysWhatIsWrongWithItsNumbers) {
  EXPECT_EQ(z_image_fault(published()), "");
  scenario::ModelSpec spec = published();
  spec.architecture["head_width"] = 100;
  EXPECT_NE(z_image_fault(spec).find("architecture.head_width is 100"), std::string::npos);
  spec = published();
  spec.architecture["layers"] = 0;
  EXPECT_NE(z_image_fault(spec).find("architecture.layers is 0"), std::string::npos);
}

} // namespace
} // namespace bench::models
