#include <kernels/operator_checks.h>

#include <limits>
#include <utility>

/// Whatever numbers inputs hold, and how results are rounded: on the CPU and on the GPU.
namespace kernels {
namespace {

/// Heads, captions' features and the streams of Z-Image, Qwen-Image, FLUX.1 and FLUX.2.
const std::vector<std::int64_t> kWidthsOfModels{128, 2560, 3072, 3840, 6144};

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

/// `y` is x's norm of either cast order bit for bit, but where what is rounded lies within 2^-20 of
/// the border between two results, to whose other side fp32's sum and root may fall; and it is not
/// the other order's.
void expect_rounded(const at::Tensor& y, const at::Tensor& x, const at::Tensor& weight,
                    bool before_weight) {
  const at::Tensor normed = reference::rms_norm(x, kEps);
  const auto rounded = [&](bool before, double factor) {
    const at::Tensor exact = before ? reference::rounded_then_weighted(normed * factor, weight)
                                    : normed * factor * weight.to(at::kDouble);
    return exact.to(weight.scalar_type());
  };
  const at::Tensor equal = y == rounded(before_weight, 1);
  const at::Tensor beside =
      (y == rounded(before_weight, 1 - 0x1p-20)) | (y == rounded(before_weight, 1 + 0x1p-20));
  const auto share = [](const at::Tensor& is) { return is.to(at::kDouble).mean().item<double>(); };
  EXPECT_EQ(share(equal | beside), 1);
  EXPECT_GE(share(equal), 0.99);
  EXPECT_LT(share(y == rounded(!before_weight, 1)), 0.9);
}

// Of q's and k's heads too.
TEST_P(EveryPath, MultipliesByTheWeightBeforeOrAfterItRoundsAsItStates) {
  const bool before_weight = path().rounds_before_weight;
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    for (const std::int64_t width : kWidthsOfModels) {
      SCOPED_TRACE(std::to_string(width) + " " + c10::toString(type));
      const Family& family = *find_family("rms_norm");
      const Inputs in = family.make({64, 1, width, type}, device());
      expect_rounded(checked_run(family, path(), in)[0], in.activations[0], in.parameters[0],
                     before_weight);
    }
    for (const char* name : {"qk_rms_norm_rope", "qk_rms_norm_rope_half_split"})
      for (const std::int64_t width : {64, 128, 256}) {
        SCOPED_TRACE(std::string(name) + " " + std::to_string(width) + " " + c10::toString(type));
        const Family& family = *find_family(name);
        Inputs in = family.make({64, 5, width, type}, device());
        const auto turned = checked_run(family, path(), in);
        const at::Tensor rotation = std::exchange(in.parameters[2], at::Tensor());
        const auto normed = family.run(*path().operators, in);
        const auto rotate =
            family.name == "qk_rms_norm_rope" ? reference::rotate : reference::rotate_half_split;
        for (const std::size_t part : {0, 1}) {
          expect_rounded(normed[part], in.activations[0].select(1, static_cast<std::int64_t>(part)),
                         in.parameters[part], before_weight);
          if (before_weight) // and what was rounded twice is turned, and rounded once more
            expect_numbers(turned[part], rotate(normed[part].to(at::kDouble), rotation),
                           1.01 * unit_roundoff(type));
        }
      }
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

TEST_P(EveryPath, ANanOrInfinityIsWhatTheFormulaMakesOfIt) {
  for (const Family& family : every_operator())
    for (const auto type : kTypes)
      for (const std::int64_t width :
           family.has_heads || is_product(family) ? widths_of(family) : kWidthsOfModels) {
        expect_agrees_beside_what_is_not_finite(
            family, path(), {40, family.has_heads ? 2 : 1, width, type}, device());
        if (HasFailure())
          return;
      }
}

} // namespace
} // namespace kernels
