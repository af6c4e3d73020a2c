#include <kernels/library/schemas.h>
#include <kernels/operator_checks.h>
#include <kernels/plugins/plugins.h>

#include <algorithm>

namespace kernels {
namespace {

// Our own library as a plug-in has every operator of the schemas, and each is called by its schema.
TEST(Plugins, OurOwnLibraryHasEveryOperator) {
  plugins::load(BENCH_KERNELS_LIBRARY);
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

} // namespace
} // namespace kernels
