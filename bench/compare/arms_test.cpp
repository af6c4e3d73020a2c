#include <bench/compare/arms.h>
#include <bench/compare/comparison.h>
#include <bench/compare/fake_results.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace bench::compare {
namespace {

using results::Result;

CaseComparison only(const Result& base, const Result& fresh) {
  const Comparison comparison = compare(base, fresh, {});
  EXPECT_EQ(comparison.cases.size(), 1u);
  return comparison.cases.at(0);
}

TEST(Arms, KernelsAreHeldAgainstThoseOfTheirPlanAndSeed) {
  const auto kernel = [](const std::string& plan, double noise) {
    Result result = fake_result({fake_case("zimage/a", 10e-6)});
    results::CaseResult& c = result.cases[0];
    c.kind = "kernel";
    c.replicates.clear();
    for (int seed = 1; seed <= 5; ++seed) { // whose places are 3 % apart, and noise 0.01 %
      const double t_s = 10e-6 * std::exp(0.03 * (seed % 2) + noise * 1e-4 * (seed % 3));
      c.replicates.push_back(fake_replicate(seed, t_s));
      c.replicates.back().seed = static_cast<std::uint64_t>(seed);
      c.replicates.back().plan = plan;
    }
    return result;
  };
  const auto half_width = [&](const std::string& plan) {
    return only(kernel("00c0ffee00c0ffee", 0), kernel(plan, 1)).judgement->work.half_width;
  };
  EXPECT_LT(half_width("00c0ffee00c0ffee"), 0.002);
  EXPECT_GT(half_width("0123456789abcdef"), 0.02) << "in other places";
  EXPECT_LT(half_width(""), 0.002) << "an older bench, which measured the same kernels";
  Result alone = kernel("", 1), both = kernel("", 0);
  both.cases.push_back(both.cases[0]);
  both.cases.back().id = "zimage/b";
  EXPECT_GT(compare(both, alone, {}).cases[0].judgement->work.half_width, 0.02) << "others";
  Result with_mix = kernel("", 0), new_one = kernel("00c0ffee00c0ffee", 1);
  with_mix.cases.push_back(with_mix.cases[0]);
  with_mix.cases.back().id = "zimage/anchor/mix";
  with_mix.cases.back().kind = "anchor";
  EXPECT_GT(only(with_mix, new_one).judgement->work.half_width, 0.02) << "beside loops";
  Result mixed = kernel("00c0ffee00c0ffee", 0); // the baseline of another GPU is of an older bench
  const Result old = kernel("", 0);
  for (results::Replicate replicate : old.cases[0].replicates) {
    replicate.device_uuid = "GPU-bbbb-2";
    mixed.cases[0].replicates.push_back(replicate);
  }
  EXPECT_GT(only(mixed, kernel("0123456789abcdef", 1)).judgement->work.half_width, 0.02);
  EXPECT_LT(only(mixed, new_one).judgement->work.half_width, 0.002);
}

} // namespace
} // namespace bench::compare
