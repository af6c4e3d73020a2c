#pragma once

#include <bench/compare/comparison.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

/// Comparisons of the made-up machine's results.
namespace bench::compare {

/// The noise of the fake machine, known so well that three processes decide.
inline NoiseFile known_noise() {
  NoiseFile noise;
  noise.regimes["graph loop"] = {.replicate_sd = 1e-4, .replicate_df = 50};
  return noise;
}

/// Of results of one case.
inline CaseComparison only(const results::Result& base, const results::Result& fresh) {
  const Comparison comparison = compare(base, fresh, known_noise());
  EXPECT_EQ(comparison.cases.size(), 1u);
  return comparison.cases.at(0);
}

inline results::Result with(double t_s) {
  return results::fake_result({results::fake_case("zimage/a", t_s)});
}

inline results::CaseResult anchor(double t_s) {
  results::CaseResult c = results::fake_case("zimage/anchor/copy", t_s);
  c.kind = "anchor";
  c.hash = "";
  return c;
}

} // namespace bench::compare
