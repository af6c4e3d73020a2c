#include <kernels/operator_checks.h>

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include <gtest/gtest-spi.h>

#include <limits>
#include <utility>

/// What kernels/README.md says "must hold" of every path, on the CPU and on the GPU.
namespace kernels {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr c10::ScalarType kTypes[] = {at::kBFloat16, at::kHalf, at::kFloat};
/// Heads, captions' features and the streams of Z-Image, Qwen-Image, FLUX.1 and FLUX.2.
const std::vector<std::int64_t> kWidthsOfModels{128, 2560, 3072, 3840, 6144};

/// A copy of `t`, whose rows begin `before` elements into rows of `before + width + after`. What
/// lies between them is NaN: it must not be read.
at::Tensor in_wider_rows(const at::Tensor& t, std::int64_t before, std::int64_t after) {
  std::vector<std::int64_t> sizes = t.sizes().vec();
  sizes.back() += before + after;
  at::Tensor part = at::full(sizes, kNan, t.options()).narrow(-1, before, t.size(-1));
  return part.copy_(t);
}

/// A dense copy that begins at element 1 of its storage.
at::Tensor at_an_odd_element(const at::Tensor& t) {
  return at::full({t.numel() + 1}, kNan, t.options())
      .narrow(0, 1, t.numel())
      .view(t.sizes())
      .copy_(t);
}

/// A copy of which every other element of its storage is part.
at::Tensor with_gaps(const at::Tensor& t) {
  std::vector<std::int64_t> sizes = t.sizes().vec();
  sizes.push_back(2);
  return at::full(sizes, kNan, t.options()).select(-1, 0).copy_(t);
}

/// A copy [rows / 3, 3, width] of `t` [rows, width], as k lies in a packed q|k|v of 3 heads.
at::Tensor as_packed_heads(const at::Tensor& t) {
  return at::full({t.size(0) / 3, 3, 3, t.size(1)}, kNan, t.options())
      .select(1, 1)
      .copy_(t.view({-1, 3, t.size(1)}));
}

template <typename Activation, typename Parameter>
Inputs laid_out(const Inputs& in, const Activation& activation, const Parameter& parameter) {
  Inputs out;
  out.eps = in.eps;
  for (const at::Tensor& t : in.activations)
    out.activations.push_back(activation(t));
  for (const at::Tensor& t : in.parameters)
    out.parameters.push_back(parameter(t));
  return out;
}

/// The same numbers, and all of it dense: q, k and v each, which are slices else.
Inputs dense(const Family& family, const Inputs& in) {
  const auto same = [](const at::Tensor& t) { return t; };
  return laid_out(
      in,
      [&](const at::Tensor& t) {
        return family.has_heads ? t.transpose(0, 1).contiguous().transpose(0, 1) : t;
      },
      same);
}

/// A product's sums depend on what kernel its library takes for a layout, and its errors on their
/// length.
bool is_product(const Family& family) {
  return family.name.starts_with("linear");
}

std::vector<std::int64_t> widths_of(const Family& family) {
  if (family.has_heads || is_product(family))
    return {64, 128, 256};
  return {128, 1024, 3840};
}

void expect_equal(const std::vector<at::Tensor>& outputs, const std::vector<at::Tensor>& expected) {
  ASSERT_EQ(outputs.size(), expected.size());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    EXPECT_TRUE(at::equal(outputs[i], expected[i].view(outputs[i].sizes()))) << "output " << i;
}

// Bit for bit, where the same kernel runs: rows that begin at multiples of 16 elements.
TEST_P(EveryPath, TakesRowsOfWiderTensors) {
  struct Gaps {
    std::int64_t before, after;
    bool is_aligned;
  };
  for (const Family& family : every_operator())
    for (const auto type : kTypes)
      for (const std::int64_t width : widths_of(family)) {
        const Shape shape{33, family.has_heads ? 2 : 1, width, type};
        const Inputs in = family.make(shape, device());
        const auto expected = checked_run(family, path(), dense(family, in));
        for (const Gaps& gaps : {Gaps{0, 64, true},
                                 {64, 0, true},
                                 {128, 64, true},
                                 {1, 2, false},
                                 {3, 0, false},
                                 {0, 5, false}}) {
          SCOPED_TRACE(std::to_string(gaps.before) + " before, " + std::to_string(gaps.after) +
                       " after");
          const auto rows = [&](const at::Tensor& t) {
            return in_wider_rows(t, gaps.before, gaps.after);
          };
          const Inputs wider =
              laid_out(in, rows, [&](const at::Tensor& t) { return t.dim() == 1 ? rows(t) : t; });
          expect_agrees(family, path(), shape, wider);
          if ((gaps.is_aligned || device().is_cpu()) && !is_product(family))
            expect_equal(checked_run(family, path(), wider), expected);
          if (HasFailure())
            return;
        }
      }
}

TEST_P(EveryPath, TakesHeadsOfAPackedProduct) {
  const auto same = [](const at::Tensor& t) { return t; };
  for (const Family& family : families()) {
    if (family.has_heads) // packed by themselves
      continue;
    for (const auto type : kTypes)
      for (const std::int64_t width : {64, 128, 256}) {
        SCOPED_TRACE(std::string(family.name) + " " + std::to_string(width) + " " +
                     c10::toString(type));
        const Inputs in = family.make({36, 1, width, type}, device());
        expect_equal(checked_run(family, path(), laid_out(in, as_packed_heads, same)),
                     checked_run(family, path(), in));
      }
  }
}

TEST_P(EveryPath, TakesTensorsThatBeginAtAnOddElement) {
  for (const Family& family : every_operator())
    for (const auto type : kTypes)
      for (const std::int64_t width : widths_of(family)) {
        const Shape shape{33, family.has_heads ? 2 : 1, width, type};
        const Inputs in = family.make(shape, device());
        expect_agrees(family, path(), shape, laid_out(in, at_an_odd_element, at_an_odd_element));
      }
}

TEST_P(EveryPath, TakesVectorsAndRotationsWithGaps) {
  const auto same = [](const at::Tensor& t) { return t; };
  for (const Family& family : families())
    for (const auto type : kTypes) {
      const Shape shape{33, family.has_heads ? 2 : 1, 128, type};
      expect_agrees(family, path(), shape, laid_out(family.make(shape, device()), same, with_gaps));
    }
}

// [1, width], as a model cuts them out of what its conditioning is multiplied to.
TEST_P(EveryPath, TakesChunksOfAModulation) {
  const std::int64_t width = 128;
  const at::Tensor x = random({33, width}), a = random({33, width}), w = random({width}),
                   modulation = random({1, 3 * width});
  const Operators& run = *path().operators;
  const auto run_all = [&](const at::Tensor& gate, const at::Tensor& scale,
                           const at::Tensor& shift) {
    const auto [y, scaled] = run.add_gated_rms_norm_then_scale(x, gate, a, w, w, scale, kEps);
    const auto [z, shifted] = run.add_gated_then_layer_norm(x, gate, a, scale, shift, kEps);
    return std::vector<at::Tensor>{y,
                                   scaled,
                                   z,
                                   shifted,
                                   run.rms_norm_scale(x, w, scale, kEps),
                                   run.rms_norm_scale_shift(x, w, scale, shift, kEps),
                                   run.add_gated_rms_norm(x, gate, a, w, kEps),
                                   run.layer_norm_scale_shift(x, scale, shift, kEps),
                                   run.add_gated(x, gate, a)};
  };
  const auto results = [&](const at::Tensor& gate, const at::Tensor& scale,
                           const at::Tensor& shift) {
    return checked({x, a, w, gate, scale, shift}, [&] { return run_all(gate, scale, shift); });
  };
  const auto parts = modulation.chunk(3, 1);
  expect_equal(results(parts[0], parts[1], parts[2]),
               results(parts[0][0], parts[1][0], parts[2][0]));
}

TEST_P(EveryPath, RmsNormIsRoundedTwiceAtMost) {
  const Family& family = *find_family("rms_norm");
  for (const auto type : kTypes)
    for (const auto& [rows, width] : {std::pair{1, 1}, {3, 7}, {33, 128}, {5, 2560}, {17, 3840}})
      for (const double scale : {1e-2, 1.0, 100.0}) {
        const Inputs in = family.make({rows, 1, width, type}, device());
        in.activations[0].mul_(scale);
        const auto a = reference::accuracy(checked_run(family, path(), in)[0], family.exact(in)[0]);
        EXPECT_TRUE(a.finite);
        // Two roundings are 1.5 ulp at most beside a power of two. In fp32 those of the sum and of
        // its root count too: 4.2 ulp at most in baselines/h200/rms_norm.json over 16 million
        // numbers.
        EXPECT_LE(a.max_ulp, type == at::kFloat ? 6 : 1.6)
            << rows << "x" << width << " " << c10::toString(type) << " scale " << scale;
      }
}

// But for sums that lie beside the border between two results.
TEST_P(EveryPath, MultipliesByTheWeightBeforeOrAfterItRoundsAsItStates) {
  for (const auto type : {at::kBFloat16, at::kHalf})
    for (const std::int64_t width : {128, 2560, 3840}) {
      const Family& family = *find_family("rms_norm");
      const Inputs in = family.make({64, 1, width, type}, device());
      const at::Tensor normed =
          reference::rms_norm(in.activations[0], at::ones({width}, options(type)), kEps);
      const at::Tensor weight = in.parameters[0].to(at::kDouble);
      const at::Tensor once = (normed * weight).to(type),
                       twice = (normed.to(type).to(at::kDouble) * weight).to(type);
      const at::Tensor y = checked_run(family, path(), in)[0];
      const auto share = [&](const at::Tensor& expected) {
        return (y == expected).to(at::kDouble).mean().item<double>();
      };
      const bool rounds_before = path().rounds_before_weight;
      EXPECT_GE(share(rounds_before ? twice : once), 0.99) << width << " " << c10::toString(type);
      EXPECT_LT(share(rounds_before ? once : twice), 0.9) << width << " " << c10::toString(type);
    }
}

/// Rows of every size side by side, as their activations are multiplied by `scales` in turn. Each
/// output is within six roundings of the largest number of its row, since sums cancel; where that
/// is denormal, absolutely. What the type cannot hold is left out: swiglu squares.
void expect_agrees_at_scales(const Path& path, const Family& family, const Shape& shape,
                             c10::Device device, const std::vector<double>& scales,
                             double eps = kEps) {
  SCOPED_TRACE(std::string(family.name) + " " + path.name + " " + name_of(shape) + " eps " +
               std::to_string(eps));
  Inputs in = family.make(shape, device);
  in.eps = eps;
  for (at::Tensor activation : in.activations)
    for (std::int64_t row = 0; row < shape.rows; ++row)
      activation[row].mul_(scales[static_cast<std::size_t>(row) % scales.size()]);
  const auto exact = family.exact(in);
  const auto outputs = checked_run(family, path, in);
  const double spacing = shape.dtype == at::kHalf ? 0x1p-24 : // of denormal numbers
                             shape.dtype == at::kFloat ? 0x1p-149
                                                       : 0x1p-133;
  const double most = shape.dtype == at::kHalf ? 65504 : 3.38e38;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    // A residual that was rounded to a denormal number is normed, which enlarges its error.
    const double enlarged = i > 0 && !family.has_heads ? 1 / std::sqrt(eps) : 1;
    const at::Tensor size = exact[i].abs().amax(-1, true);
    const at::Tensor allowed = 6 * unit_roundoff(shape.dtype) * size + 2 * spacing * enlarged;
    const at::Tensor error = (outputs[i].to(at::kDouble) - exact[i]).abs();
    const at::Tensor excess = at::where(size < most, error / allowed, 0.0).flatten(1).amax(1);
    for (std::int64_t row = 0; row < shape.rows; ++row)
      EXPECT_LE(excess[row].item<double>(), 1)
          << "output " << i << " scale " << scales[static_cast<std::size_t>(row) % scales.size()];
  }
}

// Qwen-Image's and FLUX's, and a large one, beside mean squares of 1e-6 and 1e-2: kEps in its place
// is far off.
TEST_P(EveryPath, AddsTheEpsThatItIsGiven) {
  for (const Family& family : every_operator())
    if (!is_product(family))
      for (const auto type : kTypes)
        for (const std::int64_t width : widths_of(family))
          for (const double eps : {1e-6, 1e-2})
            expect_agrees_at_scales(path(), family, {12, family.has_heads ? 2 : 1, width, type},
                                    device(), {1e-3, 0.1}, eps);
}

// Below a root mean square of 3e-3 eps is most of the sum; an fp16 beyond 255 has a square that
// fp16 cannot hold.
TEST_P(EveryPath, TakesLargeTinyDenormalAndZeroRowsSideBySide) {
  for (const Family& family : families())
    for (const std::int64_t width : {128, 3840}) {
      const auto expect = [&](c10::ScalarType type, const std::vector<double>& scales) {
        expect_agrees_at_scales(path(), family, {16, family.has_heads ? 2 : 1, width, type},
                                device(), scales);
      };
      expect(at::kBFloat16, {1, 0, 1e-38, 1e-30, 1e-3, 0, 100});
      expect(at::kHalf, {1, 0, 1e-6, 1e-3, 0, 100, 1000});
      expect(at::kFloat, {1, 0, 1e-42, 1e-38, 1e-30, 1e-3, 0, 100});
    }
}

// The largest activations of trained models are near 1e4. Squares of 1e32 and their sums over a row
// are within fp32, and those of an fp16 are not within fp16.
TEST_P(EveryPath, TakesRowsOfLargeNumbers) {
  for (const Family& family : families())
    for (const std::int64_t width : {128, 3840})
      for (const auto type : kTypes)
        expect_agrees_at_scales(path(), family, {9, family.has_heads ? 2 : 1, width, type},
                                device(),
                                type == at::kHalf ? std::vector<double>{1, 1e3, 5e3}
                                                  : std::vector<double>{1, 1e4, 1e16});
}

TEST_P(EveryPath, AllZeroRowsStayZero) {
  const at::Tensor y = rms_norm(random({2, 64}) * 0, random({64}));
  EXPECT_EQ(y.abs().max().item<float>(), 0);
}

TEST_P(EveryPath, ANanOrInfinityStaysInItsRow) {
  constexpr std::int64_t kRows = 40, kHit = 17;
  for (const Family& family : families())
    for (const auto type : kTypes)
      for (const std::int64_t width :
           family.has_heads ? std::vector<std::int64_t>{64, 128, 256} : kWidthsOfModels)
        for (const double bad : {kNan, std::numeric_limits<double>::infinity()}) {
          const Shape shape{kRows, family.has_heads ? 2 : 1, width, type};
          SCOPED_TRACE(std::string(family.name) + " " + name_of(shape) + " " + std::to_string(bad));
          const Inputs in = family.make(shape, device());
          in.activations[0].select(0, kHit).fill_(bad);
          for (const at::Tensor& output : family.run(*path().operators, in)) {
            const at::Tensor hit = output.reshape({kRows, -1}).isfinite().logical_not().any(1);
            EXPECT_TRUE(hit[kHit].item<bool>());
            EXPECT_EQ(hit.sum().item<std::int64_t>(), 1);
          }
        }
}

TEST_P(EveryPath, TakesNothing) {
  const at::Tensor none = random({0, 128});
  EXPECT_EQ(rms_norm(none, random({128})).sizes(), none.sizes());
}

// Not read past its end: the composition broadcasts or refuses.
TEST_P(EveryPath, RefusesVectorsOfAnotherLength) {
  const at::Tensor x = random({40, 128}), w = random({128}), shorter = w.narrow(0, 0, 64);
  EXPECT_ANY_THROW(rms_norm(x, shorter));
  EXPECT_ANY_THROW(path().operators->rms_norm_scale(x, w, shorter, kEps));
  EXPECT_ANY_THROW(path().operators->add_rms_norm(x, x.narrow(0, 0, 3), w, kEps));
}

TEST_P(EveryPath, WritesOverOneStreamOfAJointBuffer) {
  const Family& family = *find_family("qk_rms_norm_rope");
  for (const std::int64_t tokens : {33, 700}) {
    const Inputs in = family.make({tokens, 30, 128, at::kBFloat16}, device());
    const auto expected = family.run(*path().operators, in);
    const at::Tensor joint = at::cat({in.activations[0], in.activations[0]});
    const at::Tensor stream = joint.narrow(0, tokens, tokens);
    checked(in.parameters, [&] {
      path().operators->qk_rms_norm_rope_in_place(stream.select(1, 0), stream.select(1, 1),
                                                  in.parameters[0], in.parameters[1],
                                                  in.parameters[2], kEps);
      return 0;
    });
    EXPECT_TRUE(at::equal(stream.select(1, 0), expected[0]));
    EXPECT_TRUE(at::equal(stream.select(1, 1), expected[1]));
    EXPECT_TRUE(at::equal(stream.select(1, 2), in.activations[0].select(1, 2)));
    EXPECT_TRUE(at::equal(joint.narrow(0, 0, tokens), in.activations[0]));
  }
}

/// rms_norm of another path, but for a last row that it does not write, or an input, the element
/// before it or one beside its output that it does, or an eps of its own.
class Faulty final : public Operators {
 public:
  enum class Fault {
    leaves_a_row,
    writes_its_input,
    writes_beside_its_input,
    writes_before_its_output,
    writes_past_its_output,
    ignores_eps
  };
  Faulty(const Operators& right, Fault fault) : right_(right), fault_(fault) {}

  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const override {
    at::Tensor y = right_.rms_norm(x, weight, fault_ == Fault::ignores_eps ? kEps : eps);
    if (fault_ == Fault::ignores_eps)
      return y;
    if (fault_ == Fault::writes_its_input) {
      x.add_(1);
      return y;
    }
    if (fault_ == Fault::writes_beside_its_input) {
      x.as_strided({1}, {1}, x.storage_offset() - 1).fill_(1);
      return y;
    }
    at::Tensor partly = at::empty(x.sizes(), x.options());
    if (fault_ == Fault::writes_before_its_output || fault_ == Fault::writes_past_its_output) {
      const std::int64_t beside = fault_ == Fault::writes_past_its_output ? x.numel() : -1;
      partly.as_strided({1}, {1}, partly.storage_offset() + beside).fill_(1);
      return partly.copy_(y);
    }
    const std::int64_t rows = x.size(0) - 1;
    partly.narrow(0, 0, rows).copy_(y.narrow(0, 0, rows));
    return partly;
  }

 private:
  const Operators& right_;
  Fault fault_;
};

TEST_P(EveryPath, IsAskedWhetherItWritesAllOfItsOutputAndNothingElse) {
  for (const std::int64_t rows : {2, 40, 3000}) { // of blocks that an allocator has, and new ones
    const Shape shape{rows, 1, 128, at::kBFloat16};
    const Family& family = *find_family("rms_norm");
    const Inputs in = family.make(shape, device());
    Path faulty = path();
    faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::leaves_a_row);
    EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, in), "error.max()");
    faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::writes_its_input);
    EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, in), "input 0 was written");
    faulty.operators =
        std::make_shared<Faulty>(*path().operators, Faulty::Fault::writes_beside_its_input);
    const Inputs views = laid_out(in, at_an_odd_element, at_an_odd_element);
    EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, views), "memory beside it");
    for (const auto fault :
         {Faulty::Fault::writes_before_its_output, Faulty::Fault::writes_past_its_output}) {
      faulty.operators = std::make_shared<Faulty>(*path().operators, fault);
      EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, in), "beside an output");
    }
  }
}

TEST_P(EveryPath, IsAskedWhetherItAddsTheEpsThatItIsGiven) {
  Path faulty = path();
  faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::ignores_eps);
  for (const auto type : kTypes)
    for (const double eps : {1e-6, 1e-2})
      EXPECT_NONFATAL_FAILURE(expect_agrees_at_scales(faulty, *find_family("rms_norm"),
                                                      {1, 1, 128, type}, device(), {1e-3}, eps),
                              "scale 0.001");
}

} // namespace
} // namespace kernels
