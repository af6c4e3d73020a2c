#pragma once

#include <bench/compare/comparison.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

/// Each of its processes has timed a copy, too, and is another one than before.
inline results::Result with_copies(results::Result result, std::int64_t first_process) {
  results::CaseResult copies = anchor(1e-3);
  copies.replicates.clear();
  for (results::CaseResult& c : result.cases) {
    for (results::Replicate& replicate : c.replicates) {
      replicate.process += first_process;
      copies.replicates.push_back(results::fake_replicate(replicate.process, 1e-3));
      copies.replicates.back().device_uuid = replicate.device_uuid;
      copies.replicates.back().seed = replicate.seed;
    }
  }
  result.cases.push_back(std::move(copies));
  return result;
}

/// Of results that have nothing else to be noted.
inline std::vector<std::string> notes(const results::Result& base, const results::Result& fresh) {
  return compare(with_copies(base, 0), with_copies(fresh, 100), known_noise()).notes;
}

} // namespace bench::compare
