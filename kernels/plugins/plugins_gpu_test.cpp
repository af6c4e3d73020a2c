#include <bench/base/temporary_folder.h>
#include <kernels/operator_checks.h>
#include <kernels/plugins/plugins.h>

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kernels {
namespace {

/// In a checkout and in a bundle.
std::filesystem::path file(const char* in_checkout, const char* in_bundle) {
  const char* root = std::getenv("BENCH_ROOT");
  const std::filesystem::path folder = root ? root : ".";
  return std::filesystem::exists(folder / in_bundle) ? folder / in_bundle : folder / in_checkout;
}

/// Every family's, with the operators that the path composes.
void expect_right(const char* name) {
  const Path* path = find_path(name);
  ASSERT_NE(path, nullptr) << name;
  EXPECT_TRUE(path->runs_on(at::kCUDA));
  for (const Family& family : families())
    for (const auto type : kTypes)
      for (const Shape& shape :
           {Shape{33, 2, 128, type}, {7, 1, 2560, type}, {129, 1, 3840, type}, {960, 1, 128, type}})
        expect_agrees(family, *path, shape, family.make(shape, at::kCUDA));
}

TEST(Plugins, ATritonFileIsCompiledAndLaunched) {
  const char* example = "kernels/examples/rms_norm_tile.py";
  plugins::load({file(example, example)}, nullptr);
  expect_right("rms_norm_tile");
  const auto options = at::TensorOptions().device(at::kCUDA).dtype(at::kBFloat16);
  const at::Tensor packed = at::randn({64, 3, 4, 128}, options), w = at::randn({128}, options);
  const at::Tensor k = packed.select(1, 1);
  const auto& path = *find_path("rms_norm_tile")->operators;
  EXPECT_TRUE(at::equal(path.rms_norm(k, w, kEps), path.rms_norm(k.contiguous(), w, kEps)));
}

TEST(Plugins, AVariantInATritonFileIsAPathOfItsOwn) {
  const bench::TemporaryFolder folder;
  const std::filesystem::path both = folder / "both.py";
  const char* example = "kernels/examples/rms_norm_tile.py";
  std::filesystem::copy_file(file(example, example), both);
  std::ofstream(both, std::ios::app) << "\n\nrms_norm_v2 = rms_norm\n"
                                        "CLASSES_v2 = {128: (16, 2), 4096: (1, 8)}\n";
  plugins::load({both}, nullptr);
  expect_right("both");
  expect_right("both_v2");
}

TEST(Plugins, OurOwnLibraryRunsTheKernelsOfItsPaths) {
  plugins::load({file("build/cuda/lib/libbench_kernels.so", "lib/libbench_kernels.so")}, nullptr);
  for (const char* name : {"cuda", "fused", "triton", "dispatched"}) {
    const std::string registered = std::string("bench_") + name;
    expect_right(registered.c_str());
    const Shape shape{129, 1, 3840, at::kBFloat16};
    const Family& family = *find_family("rms_norm");
    const Inputs in = family.make(shape, at::kCUDA);
    EXPECT_TRUE(at::equal(family.run(*find_path(name)->operators, in)[0],
                          family.run(*find_path(registered)->operators, in)[0]));
  }
}

} // namespace
} // namespace kernels
