#pragma once

#include <bench/compare/noise_file.h>
#include <bench/explain/exact_change.h>
#include <bench/explain/explain.h>
#include <bench/results/result.h>

#include <optional>
#include <string>

/// Two cases held side by side for the kernels' sake: the same case in two results, or two paths of
/// one.
namespace bench::compare {

struct CaseExplanation {
  std::string base_id{};
  std::string new_id{};
  explain::ExactChange exact{};
  std::optional<explain::Explanation> explanation{};
  std::string why_none{}; ///< why there is no explanation and the mend, one line; else ""
};

/// `base` is a case of `base_result`, `fresh` one of `new_result`. Their work need not be the same.
CaseExplanation explain_cases(const results::Result& base_result, const results::CaseResult& base,
                              const results::Result& new_result, const results::CaseResult& fresh,
                              const NoiseFile& noise);

} // namespace bench::compare
