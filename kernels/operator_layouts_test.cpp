#include <kernels/input_layouts.h>
#include <kernels/operator_checks.h>

#include <ATen/ops/cat.h>

#include <optional>
#include <utility>

/// Wherever inputs lie in memory: on the CPU and on the GPU.
namespace kernels {
namespace {

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

TEST_P(EveryPath, TakesViewsOfFourDimensions) {
  const auto same = [](const at::Tensor& t) { return t; };
  for (const Family& family : families()) {
    if (family.has_heads) // [tokens, heads, width]
      continue;
    for (const auto type : kTypes)
      for (const std::int64_t width : widths_of(family)) {
        SCOPED_TRACE(std::string(family.name) + " " + std::to_string(width) + " " +
                     c10::toString(type));
        const Inputs in = family.make({36, 1, width, type}, device());
        const auto expected = checked_run(family, path(), in);
        for (const auto view : {by_one_stride, by_two_strides, by_three_strides})
          expect_equal(checked_run(family, path(), laid_out(in, view, same)), expected);
        if (HasFailure())
          return;
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

TEST_P(EveryPath, TakesNothing) {
  for (const Family& family : every_operator()) {
    SCOPED_TRACE(family.name);
    const Inputs in = family.make({0, family.has_heads ? 2 : 1, 128, at::kBFloat16}, device());
    const auto exact = family.exact(in), outputs = checked_run(family, path(), in);
    ASSERT_EQ(outputs.size(), exact.size());
    for (std::size_t i = 0; i < outputs.size(); ++i)
      EXPECT_EQ(outputs[i].sizes(), exact[i].sizes());
  }
}

/// What `run` returns, or nothing where it refuses.
template <typename Run>
std::optional<std::vector<at::Tensor>> unless_refused(const Run& run) {
  try {
    return run();
  } catch (const c10::Error&) {
    return std::nullopt;
  }
}

/// `path` refuses `in`, or returns what the formula does, whose operands ATen broadcasts.
void expect_broadcast_or_refused(const Family& family, const Path& path, const Inputs& in) {
  const auto outputs = unless_refused([&] { return checked_run(family, path, in); });
  if (!outputs)
    return;
  const auto exact = unless_refused([&] { return family.exact(in); });
  ASSERT_TRUE(exact) << "took what ATen broadcasts to nothing";
  for (std::size_t i = 0; i < exact->size(); ++i) {
    const at::ScalarType type = (*outputs)[i].scalar_type();
    SCOPED_TRACE("output " + std::to_string(i));
    expect_numbers((*outputs)[i], (*exact)[i], roundings_of(type) * unit_roundoff(type));
  }
}

// [64, 1] has as many elements as a vector of 64, and another for each row of [64, 64].
TEST_P(EveryPath, BroadcastsOrRefusesWhatHasOnlyTheSizeOfAVector) {
  constexpr std::int64_t kSize = 64;
  for (const Family& family : families())
    for (const auto type : kTypes) {
      const Inputs in = family.make({kSize, family.has_heads ? kSize : 1, kSize, type}, device());
      for (std::size_t p = 0; p < in.parameters.size(); ++p) {
        const std::int64_t count = in.parameters[p].numel();
        for (const auto& sizes : std::vector<std::vector<std::int64_t>>{
                 {count, 1}, {1, count}, {1, 1, count}, {2, count / 2}, {kSize / 2, -1}}) {
          Inputs other = in;
          other.parameters[p] = in.parameters[p].view(sizes);
          SCOPED_TRACE(std::string(family.name) + " " + c10::toString(type) + " parameter " +
                       std::to_string(p));
          expect_broadcast_or_refused(family, path(), other);
          if (!family.has_heads) { // x [width], which a [1, width] makes [1, width]
            for (at::Tensor& activation : other.activations)
              activation = activation[0];
            expect_broadcast_or_refused(family, path(), other);
          }
        }
      }
      if (HasFailure())
        return;
    }
}

TEST_P(EveryPath, TurnsByTheConjugateOfARotation) {
  for (const char* name : {"qk_rms_norm_rope", "qk_rms_norm_rope_half_split"}) {
    const Family& family = *find_family(name);
    const Shape shape{33, 2, 128, at::kBFloat16};
    Inputs in = family.make(shape, device());
    in.parameters[2] = in.parameters[2].conj(); // a view of the same memory
    expect_agrees(family, path(), shape, in);
  }
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

} // namespace
} // namespace kernels
