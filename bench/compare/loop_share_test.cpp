#include <bench/compare/loop_share.h>
#include <bench/explain/fake_profile.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::compare {
namespace {

results::CaseResult loop(const std::string& name, const std::string& path, double norm_s) {
  results::CaseResult c = results::fake_case("zimage/loop/" + name + "/graph/" + path, 0.1);
  c.parameters["loop"] = name;
  c.parameters["rms_norm"] = path;
  c.profile =
      explain::fake_profile({explain::fake_kernel("gemm", "linear", 1, 0.1 - norm_s),
                             explain::fake_kernel("norm", "rms_norm", 1, norm_s / 2),
                             explain::fake_kernel("norm", "rms_norm_in_place", 1, norm_s / 2)},
                            0);
  return c;
}

TEST(LoopShare, IsDriftTimesShareOfTheSamePath) {
  results::CaseResult kernel = results::fake_case("zimage/rms_norm/4128x3840.bf16/aten", 1e-5);
  kernel.kind = "kernel";
  kernel.parameters = {{"family", "rms_norm"}, {"path", "aten"}};
  auto plain = loop("turbo-50", "aten", 0.02);
  plain.profile.reset();
  const auto result =
      results::fake_result({kernel, loop("turbo-2", "aten", 0.005), loop("turbo-9", "aten", 0.0075),
                            loop("turbo-9", "fused", 0.01), plain});
  const stats::Interval work{.estimate = std::log1p(0.012), .half_width = 0};
  const auto shares = Loops(result).shares(kernel, work);
  ASSERT_EQ(shares.size(), 2u);
  EXPECT_EQ(shares[0].id, "zimage/loop/turbo-9/graph/aten");
  EXPECT_NEAR(shares[0].share, 0.075, 1e-12);
  EXPECT_NEAR(shares[0].drift, 0.0009, 1e-12);
  EXPECT_EQ(to_text(shares, work),
            "+1.20 % of rms_norm is about +0.09 % of turbo-9, +0.06 % of turbo-2");
}

TEST(LoopShare, IsBoundedByCountsWhereThereIsNoProfile) {
  results::CaseResult kernel = results::fake_case("zimage/rms_norm/4128x3840.bf16/aten", 1e-5);
  kernel.kind = "kernel";
  kernel.parameters = {{"family", "rms_norm"}, {"path", "aten"}};
  kernel.kernels = {{"norm", 1}, {"cast", 2}};
  results::CaseResult counted = loop("turbo-9", "aten", 0.01); // of 0.1 s a step
  counted.profile.reset();
  counted.kernels = {{"norm", 500}, {"cast", 400}, {"gemm", 100}};
  results::CaseResult none = counted;
  none.id += "x";
  none.kernels.erase("norm");
  const stats::Interval work{.estimate = std::log1p(0.03), .half_width = 0};
  const auto result = results::fake_result({kernel, counted, none});
  const auto shares = Loops(result).shares(kernel, work);
  ASSERT_EQ(shares.size(), 1u);
  EXPECT_TRUE(shares[0].at_most);
  EXPECT_NEAR(shares[0].share, 200 * 1e-5 / 0.1, 1e-9) << "as often as the rarest allows";
  EXPECT_EQ(to_text(shares, work), "+3.00 % of rms_norm is at most +0.06 % of turbo-9");
}

TEST(LoopShare, OfNothing) {
  EXPECT_EQ(to_text({}, {.estimate = 0.1, .half_width = 0}), "");
  const auto c = loop("turbo-9", "aten", 0.01);
  const auto result = results::fake_result({c});
  EXPECT_TRUE(Loops(result).shares(c, {}).empty()); // a loop is no kernel
}

} // namespace
} // namespace bench::compare
