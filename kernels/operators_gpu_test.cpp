#include <kernels/input_layouts.h>
#include <kernels/operator_checks.h>

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <array>
#include <functional>
#include <limits>

namespace kernels {
namespace {

class OperatorsOnGpu : public EveryPath {};

// Every layout that a kernel chooses by width, and what lies at its edges: one vector more or less,
// odd widths, one row, rows that do not fill a block, many rows.
const std::vector<std::pair<std::int64_t, std::int64_t>> kRowsAndWidths{
    {1, 8},      {3, 1},      {5, 7},      {1, 128},    {33, 128},   {960, 128},  {300, 136},
    {7, 256},    {300, 264},  {5, 1000},   {300, 1024}, {9, 1032},   {7, 2556},   {7, 2560},
    {7, 2564},   {300, 2560}, {300, 3072}, {26, 3584},  {129, 3840}, {300, 3840}, {300, 3848},
    {300, 4096}, {5, 3841},   {300, 6144}, {11, 8192},  {300, 8200}, {3, 16384},  {3, 20000}};

TEST_P(OperatorsOnGpu, AgreeWithTheirFormulasInFp64) {
  for (const Family& family : families())
    for (const auto type : kTypes)
      for (const auto& [rows, width] : kRowsAndWidths) {
        if (family.has_heads && width % 2 != 0)
          continue; // pairs are rotated
        const Shape shape{rows, family.has_heads ? 3 : 1, width, type};
        const Inputs in = family.make(shape, device());
        expect_agrees(family, path(), shape, in);
        if (HasFatalFailure())
          return;
      }
}

// One head, heads that fill a block, odd ones, and more than one block has; few tokens and many.
TEST_P(OperatorsOnGpu, TakeAnyNumberOfHeads) {
  for (const char* name : {"qk_rms_norm_rope", "qk_rms_norm_rope_half_split"})
    for (const auto type : kTypes)
      for (const std::int64_t tokens : {7, 700})
        for (const std::int64_t heads : {1, 24, 30, 32, 37, 67})
          for (const std::int64_t width : {32, 64, 128, 256}) {
            const Family& family = *find_family(name);
            const Shape shape{tokens, heads, width, type};
            const Inputs in = family.make(shape, device());
            expect_agrees(family, path(), shape, in);
            if (HasFatalFailure())
              return;
          }
}

TEST_P(OperatorsOnGpu, WithoutRotationTurnNothing) {
  for (const char* name : {"qk_rms_norm_rope", "qk_rms_norm_rope_half_split"})
    for (const std::int64_t tokens : {7, 700}) {
      const Family& family = *find_family(name);
      const Inputs turned = family.make({tokens, 30, 128, at::kBFloat16}, device());
      turned.parameters[2].fill_(1); // cosine 1, sine 0
      Inputs unturned = turned;
      unturned.parameters[2] = at::Tensor();
      const auto expected = family.run(*path().operators, turned);
      const auto outputs = family.run(*path().operators, unturned);
      for (std::size_t i = 0; i < outputs.size(); ++i)
        EXPECT_TRUE(at::equal(outputs[i], expected[i])) << name << ", " << tokens << " tokens";
    }
}

TEST_P(OperatorsOnGpu, MultiplyAndGeluAsInFp64) {
  for (const auto type : {at::kBFloat16, at::kHalf}) // what models multiply in
    for (const auto& [rows, inputs, outputs] : {std::array{1, 8, 8}, {33, 72, 40}, {300, 512, 256}})
      expect_linear_gelu_agrees(path(), random({rows, inputs}, type),
                                random({outputs, inputs}, type) / std::sqrt(inputs),
                                random({outputs}, type));
}

// Captured once, after a first call, and replayed on other numbers.
TEST_P(OperatorsOnGpu, RunInACudaGraph) {
  const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
  for (const Family& family : every_operator())
    for (const auto type : kTypes)
      for (const std::int64_t rows : {40, 1100})
        for (const std::int64_t width : {128, 1024}) {
          const Shape shape{rows, family.has_heads ? 3 : 1, width, type};
          const Inputs in = family.make(shape, device()), others = family.make(shape, device());
          const auto expected = family.run(*path().operators, others);
          at::cuda::CUDAGraph graph;
          graph.capture_begin();
          const auto outputs = family.run(*path().operators, in);
          graph.capture_end();
          for (std::size_t i = 0; i < in.activations.size(); ++i)
            in.activations[i].copy_(others.activations[i]);
          for (std::size_t i = 0; i < in.parameters.size(); ++i)
            in.parameters[i].copy_(others.parameters[i]);
          for (const at::Tensor& output : outputs)
            output.fill_(std::numeric_limits<float>::quiet_NaN());
          graph.replay();
          for (std::size_t i = 0; i < outputs.size(); ++i)
            EXPECT_TRUE(at::equal(outputs[i], expected[i]))
                << family.name << " " << name_of(shape) << " output " << i;
        }
}

/// `in` through rms_norm so many times, each on what the one before it wrote.
at::Tensor chained(const Family& rms_norm, const Path& path, Inputs in, int times,
                   const std::function<void()>& between) {
  for (int i = 0; i < times; ++i) {
    in.activations = rms_norm.run(*path.operators, in);
    between();
  }
  return in.activations[0];
}

// A kernel that is set up early must not read what the one before it has yet to write, nor write
// what it has yet to read: in a graph two buffers are used in turn. Launches of every kind: one or
// two fit on the GPU, or one fills it many times over.
TEST_P(OperatorsOnGpu, KeepTheirOrderWhenLaunchedBackToBack) {
  const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
  const Family& rms_norm = *find_family("rms_norm");
  for (const auto& [rows, width] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {32, 3840}, {960, 128}, {12'288, 128}, {70'000, 128}, {4128, 3840}}) {
    const Shape shape{rows, 1, width, at::kBFloat16};
    Inputs in = rms_norm.make(shape, device());
    in.parameters[0].uniform_(0.9, 1.1); // so that every launch changes its rows
    expect_agrees(rms_norm, path(), shape, in);
    const at::Tensor expected =
        chained(rms_norm, path(), in, 30, [] { c10::cuda::device_synchronize(); });
    EXPECT_FALSE(at::equal(expected, chained(rms_norm, path(), in, 28, [] {}))) << "too few change";
    at::cuda::CUDAGraph graph;
    graph.capture_begin();
    const at::Tensor last = chained(rms_norm, path(), in, 30, [] {});
    graph.capture_end();
    for (int i = 0; i < 20; ++i) {
      last.fill_(std::numeric_limits<float>::quiet_NaN());
      graph.replay();
      EXPECT_TRUE(at::equal(last, expected)) << name_of(shape) << ", replay " << i;
    }
  }
}

/// Allocations of the device's memory that `run` makes.
template <typename Run>
std::int64_t allocations_of(const Run& run) {
  const auto made = [] {
    return c10::cuda::CUDACachingAllocator::getDeviceStats(c10::cuda::current_device())
        .allocation[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)]
        .allocated;
  };
  const std::int64_t before = made();
  run();
  return made() - before;
}

// What each row's sum is of: a residual that is not dense is copied.
TEST(OwnKernels, ReadRowsByOneStrideOrTwoAsTheyLie) {
  if (allocations_of([] { at::empty({1}, at::kCUDA); }) != 1)
    GTEST_SKIP() << "without its caching allocator torch does not count";
  struct Own {
    const char *path, *family;
  };
  std::vector<Own> all{{"cuda", "rms_norm"}, {"triton", "rms_norm"}};
  for (const Family& family : families())
    if (!family.has_heads)
      all.push_back({"fused", family.name.data()});
  for (const auto& [path, name] : all)
    for (const auto type : kTypes) {
      SCOPED_TRACE(std::string(path) + " " + name + " " + c10::toString(type));
      const Family& family = *find_family(name);
      const Inputs in = family.make({36, 1, 128, type}, at::kCUDA);
      const auto allocated = [&](at::Tensor (*view)(const at::Tensor&)) {
        Inputs other = in;
        for (at::Tensor& activation : other.activations)
          activation = activation.view({2, 3, 6, -1});
        other.activations.back() = view(in.activations.back());
        std::vector<at::Tensor> outputs;
        const std::int64_t made =
            allocations_of([&] { outputs = family.run(*find_path(path)->operators, other); });
        return made - static_cast<std::int64_t>(outputs.size());
      };
      allocated(by_one_stride); // the first call may load the kernel
      EXPECT_EQ(allocated(by_one_stride), 0);
      EXPECT_EQ(allocated(by_two_strides), family.name == "swiglu" ? 1 : 0);
      EXPECT_EQ(allocated(by_three_strides), 1);
    }
}

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

const auto kPaths = testing::ValuesIn(paths_on(c10::DeviceType::CUDA));

} // namespace

INSTANTIATE_TEST_SUITE_P(OnGpu, EveryPath, kPaths, name_of_path);
INSTANTIATE_TEST_SUITE_P(Paths, OperatorsOnGpu, kPaths, name_of_path);

} // namespace kernels
