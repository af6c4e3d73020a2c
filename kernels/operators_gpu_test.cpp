#include <kernels/operator_checks.h>

#include <ATen/Context.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>

#include <array>
#include <cmath>
#include <limits>

namespace kernels {
namespace {

std::vector<Path> paths_of_the_gpu() {
  std::vector<Path> found;
  for (const Path& path : paths())
    if (path.runs_on(c10::DeviceType::CUDA) && !path.is_floor)
      found.push_back(path);
  return found;
}

class OperatorsOnGpu : public testing::TestWithParam<Path> {
 protected:
  OperatorsOnGpu() { at::manual_seed(20962); }
  static at::TensorOptions options(at::ScalarType type) {
    return at::TensorOptions().device(at::kCUDA).dtype(type);
  }
  const Path& path() const { return GetParam(); }
};

/// What the allocator hands out next is full of NaN: an output that is not written shows.
void poison(const Shape& shape) {
  const auto bytes = static_cast<std::int64_t>(8 * shape.elements() * 4);
  at::full({bytes / 4}, std::numeric_limits<float>::quiet_NaN(),
           at::TensorOptions().device(at::kCUDA));
}

// Every layout that a kernel chooses by width, and what lies at its edges: one vector more or less,
// odd widths, one row, rows that do not fill a block, many rows.
const std::vector<std::pair<std::int64_t, std::int64_t>> kRowsAndWidths{
    {1, 8},      {3, 1},      {5, 7},      {1, 128},    {33, 128},   {960, 128},  {300, 136},
    {7, 256},    {300, 264},  {5, 1000},   {300, 1024}, {9, 1032},   {7, 2556},   {7, 2560},
    {7, 2564},   {300, 2560}, {300, 3072}, {26, 3584},  {129, 3840}, {300, 3840}, {300, 3848},
    {300, 4096}, {5, 3841},   {300, 6144}, {11, 8192},  {300, 8200}, {3, 16384},  {3, 20000}};

TEST_P(OperatorsOnGpu, AgreeWithTheirFormulasInFp64) {
  for (const Family& family : families())
    for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
      for (const auto& [rows, width] : kRowsAndWidths) {
        if (family.has_heads && width % 2 != 0)
          continue; // pairs are rotated
        const Shape shape{rows, family.has_heads ? 3 : 1, width, type};
        const Inputs in = family.make(shape, at::kCUDA);
        poison(shape);
        expect_agrees(family, path(), shape, in);
        if (HasFatalFailure())
          return;
      }
}

// One head, heads that fill a block, odd ones, and more than one block has; few tokens and many.
TEST_P(OperatorsOnGpu, TakeAnyNumberOfHeads) {
  for (const char* name : {"qk_rms_norm_rope", "qk_rms_norm_rope_half_split"})
    for (const auto type : {at::kBFloat16, at::kHalf, at::kFloat})
      for (const std::int64_t tokens : {7, 700})
        for (const std::int64_t heads : {1, 24, 30, 32, 37, 67})
          for (const std::int64_t width : {32, 64, 128, 256}) {
            const Family& family = *find_family(name);
            const Shape shape{tokens, heads, width, type};
            const Inputs in = family.make(shape, at::kCUDA);
            poison(shape);
            expect_agrees(family, path(), shape, in);
            if (HasFatalFailure())
              return;
          }
}

TEST_P(OperatorsOnGpu, WithoutRotationTurnNothing) {
  for (const char* name : {"qk_rms_norm_rope", "qk_rms_norm_rope_half_split"})
    for (const std::int64_t tokens : {7, 700}) {
      const Family& family = *find_family(name);
      const Inputs turned = family.make({tokens, 30, 128, at::kBFloat16}, at::kCUDA);
      turned.parameters[2].fill_(1); // cosine 1, sine 0
      Inputs unturned = turned;
      unturned.parameters[2] = at::Tensor();
      const auto expected = family.run(*path().operators, turned);
      const auto outputs = family.run(*path().operators, unturned);
      for (std::size_t i = 0; i < outputs.size(); ++i)
        EXPECT_TRUE(at::equal(outputs[i], expected[i])) << name << ", " << tokens << " tokens";
    }
}

/// With activations `scale` times as large, each output is within six roundings of the largest
/// number of its row, since sums cancel. What the type cannot hold is left out: swiglu squares.
void expect_agrees_at_scale(const Path& path, const Family& family, const Shape& shape,
                            double scale) {
  Inputs in = family.make(shape, at::kCUDA);
  for (at::Tensor& activation : in.activations)
    activation.mul_(scale);
  const auto outputs = family.run(*path.operators, in);
  const auto exact = family.exact(in);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    if (shape.dtype == at::kHalf && exact[i].abs().max().item<double>() >= 65504)
      continue;
    const at::Tensor size = exact[i].abs().amax(-1, true) + 1e-30;
    const at::Tensor error = (outputs[i].to(at::kDouble) - exact[i]).abs() / size;
    EXPECT_LE(error.max().item<double>(), 6 * unit_roundoff(shape.dtype))
        << family.name << " scale " << scale;
  }
}

TEST_P(OperatorsOnGpu, TakeLargeTinyAndZeroNumbers) {
  for (const Family& family : families())
    for (const double scale : {0.0, 1e-3, 100.0})
      expect_agrees_at_scale(path(), family, {65, family.has_heads ? 2 : 1, 3840, at::kBFloat16},
                             scale);
}

TEST_P(OperatorsOnGpu, ANanStaysInItsRow) {
  for (const Family& family : families()) {
    const Shape shape{40, 1, 128, at::kBFloat16};
    Inputs in = family.make(shape, at::kCUDA);
    in.activations[0].select(0, 17).fill_(std::numeric_limits<float>::quiet_NaN());
    for (const at::Tensor& output : family.run(*path().operators, in)) {
      const at::Tensor bad = output.reshape({40, -1}).isnan().any(1);
      EXPECT_TRUE(bad[17].item<bool>()) << family.name;
      EXPECT_EQ(bad.sum().item<std::int64_t>(), 1) << family.name;
    }
  }
}

TEST_P(OperatorsOnGpu, TakeSlicesOfAPackedTensorAsTheyAre) {
  const at::Tensor packed = at::randn({64, 3, 4, 128}, options(at::kBFloat16)),
                   w = at::randn({128}, options(at::kBFloat16));
  const at::Tensor k = packed.select(1, 1);
  EXPECT_TRUE(at::equal(path().operators->rms_norm(k, w, kEps),
                        path().operators->rms_norm(k.contiguous(), w, kEps)));
}

TEST_P(OperatorsOnGpu, WriteOverOneStreamOfAJointBuffer) {
  const Family& family = *find_family("qk_rms_norm_rope");
  for (const std::int64_t tokens : {33, 700}) {
    const Inputs in = family.make({tokens, 30, 128, at::kBFloat16}, at::kCUDA);
    const auto expected = family.run(*path().operators, in);
    const at::Tensor joint = at::cat({in.activations[0], in.activations[0]});
    const at::Tensor stream = joint.narrow(0, tokens, tokens);
    path().operators->qk_rms_norm_rope_in_place(stream.select(1, 0), stream.select(1, 1),
                                                in.parameters[0], in.parameters[1],
                                                in.parameters[2], kEps);
    EXPECT_TRUE(at::equal(stream.select(1, 0), expected[0]));
    EXPECT_TRUE(at::equal(stream.select(1, 1), expected[1]));
    EXPECT_TRUE(at::equal(stream.select(1, 2), in.activations[0].select(1, 2)));
    EXPECT_TRUE(at::equal(joint.narrow(0, 0, tokens), in.activations[0]));
  }
}

// Not read past its end: the composition broadcasts or refuses.
TEST_P(OperatorsOnGpu, RefuseVectorsOfAnotherLength) {
  const at::Tensor x = at::randn({40, 128}, options(at::kBFloat16)),
                   w = at::randn({128}, options(at::kBFloat16)), shorter = w.narrow(0, 0, 64);
  EXPECT_ANY_THROW(path().operators->rms_norm(x, shorter, kEps));
  EXPECT_ANY_THROW(path().operators->rms_norm_scale(x, w, shorter, kEps));
  EXPECT_ANY_THROW(path().operators->add_rms_norm(x, x.narrow(0, 0, 3), w, kEps));
}

TEST_P(OperatorsOnGpu, MultiplyAndGeluAsInFp64) {
  for (const auto type : {at::kBFloat16, at::kHalf}) // what models multiply in
    for (const auto& [rows, inputs, outputs] : {std::array{1, 8, 8}, {33, 72, 40}, {300, 512, 256}})
      expect_linear_gelu_agrees(path(), at::randn({rows, inputs}, options(type)),
                                at::randn({outputs, inputs}, options(type)) / std::sqrt(inputs),
                                at::randn({outputs}, options(type)));
}

// fp16 reaches 65504, so squares beyond 255 are infinite unless the sum is wider.
TEST_P(OperatorsOnGpu, TakeLargeNumbersOfFp16) {
  for (const Family& family : families())
    expect_agrees_at_scale(path(), family,
                           {65, family.has_heads ? 2 : 1, family.has_heads ? 128 : 3840, at::kHalf},
                           1000);
}

TEST_P(OperatorsOnGpu, AnInfinityStaysInItsRow) {
  for (const Family& family : families()) {
    const Shape shape{40, 1, 128, at::kBFloat16};
    Inputs in = family.make(shape, at::kCUDA);
    in.activations[0].select(0, 17).fill_(std::numeric_limits<float>::infinity());
    for (const at::Tensor& output : family.run(*path().operators, in)) {
      const at::Tensor bad = output.reshape({40, -1}).isfinite().logical_not().any(1);
      EXPECT_TRUE(bad[17].item<bool>()) << family.name;
      EXPECT_EQ(bad.sum().item<std::int64_t>(), 1) << family.name;
    }
  }
}

TEST_P(OperatorsOnGpu, TakeNothing) {
  const at::Tensor none = at::randn({0, 128}, options(at::kBFloat16)),
                   w = at::randn({128}, options(at::kBFloat16));
  EXPECT_EQ(path().operators->rms_norm(none, w, kEps).sizes(), none.sizes());
}

INSTANTIATE_TEST_SUITE_P(Paths, OperatorsOnGpu, testing::ValuesIn(paths_of_the_gpu()),
                         [](const auto& info) { return info.param.name; });

TEST(OwnKernels, RoundOnce) {
  at::manual_seed(20962);
  const Path& cuda = *find_path("cuda");
  for (const auto type : {at::kBFloat16, at::kHalf})
    for (const std::int64_t width : {128, 2560, 3840, 6144}) {
      const Family& family = *find_family("rms_norm");
      const Inputs in = family.make({300, 1, width, type}, at::kCUDA);
      const auto a = reference::accuracy(family.run(*cuda.operators, in)[0], family.exact(in)[0]);
      EXPECT_LE(a.max_ulp, 0.51) << width << " " << c10::toString(type);
    }
}

} // namespace
} // namespace kernels
