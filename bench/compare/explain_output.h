#pragma once

#include <bench/compare/explain_cases.h>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

/// Explanations for programs. Seconds, hertz and relative drifts; unknown: null, or an empty field.
namespace bench::compare {

nlohmann::ordered_json to_json(const explain::ExactChange& change);
nlohmann::ordered_json to_json(const explain::Explanation& explanation);
nlohmann::ordered_json to_json(const std::vector<CaseExplanation>& cases);

/// A line a part, with lines for gaps, clock and what is unaccounted for: their drift_s is the
/// profiles' drift.
std::string to_csv(const std::vector<CaseExplanation>& cases);

} // namespace bench::compare
