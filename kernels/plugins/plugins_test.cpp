#include <kernels/library/schemas.h>
#include <kernels/operator_checks.h>
#include <kernels/plugins/plugins.h>

#include <algorithm>

namespace kernels {
namespace {

// Our own library as a plug-in has every operator of the schemas, and each is called by its schema.
TEST(Plugins, OurOwnLibraryHasEveryOperator) {
  plugins::load({BENCH_KERNELS_LIBRARY}, nullptr);
  const Path& path = *find_path("bench_aten");
  EXPECT_EQ(path.plugin->own.size(), library::kSchemas.size());
  at::manual_seed(20962);
  for (const Family& family : every_operator()) {
    EXPECT_NE(std::ranges::find(path.plugin->own, family.name), path.plugin->own.end())
        << family.name;
    const Shape shape{33, family.has_heads ? 2 : 1, 128, at::kBFloat16};
    const Inputs in = family.make(shape, at::kCPU);
    expect_agrees(family, path, shape, in);
    const auto outputs = family.run(*path.operators, in);
    const auto expected = family.run(*find_path("aten")->operators, in);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      EXPECT_TRUE(at::equal(outputs[i], expected[i])) << family.name;
  }
}

TEST(Plugins, ASuffixIsAPathOfItsOwnWhichComposesWhatItLacks) {
  plugins::load({BENCH_VARIANTS_LIBRARY}, nullptr);
  using Names = std::vector<std::string>;
  const Path& plain = *find_path("variants");
  const Path& variant = *find_path("variants_v2");
  EXPECT_EQ(plain.plugin->own, (Names{"rms_norm", "rms_norm_scale"}));
  EXPECT_EQ(variant.plugin->own, (Names{"rms_norm", "add_rms_norm"}));
  EXPECT_EQ(find_path("variants_scale"), nullptr); // an operator of its own
  EXPECT_EQ(find_path("variants_backward"), nullptr);
  EXPECT_EQ(find_path("variants_naive"), nullptr);
  at::manual_seed(20962);
  for (const char* name : {"rms_norm", "rms_norm_scale", "add_rms_norm", "qk_rms_norm_rope"}) {
    const Family& family = *find_family(name);
    const Shape shape{33, family.has_heads ? 2 : 1, 128, at::kBFloat16};
    const Inputs in = family.make(shape, at::kCPU);
    expect_agrees(family, plain, shape, in);
    expect_agrees(family, variant, shape, in);
    // It is the variant that runs, and what is composed is composed of it: it rounds twice.
    const auto outputs = family.run(*variant.operators, in);
    EXPECT_TRUE(
        at::equal(outputs.back(), family.run(*find_path("decomposed")->operators, in).back()))
        << name;
    EXPECT_FALSE(at::equal(outputs.back(), family.run(*plain.operators, in).back())) << name;
  }
}

} // namespace
} // namespace kernels
