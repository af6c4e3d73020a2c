#pragma once

#include <bench/compare/ab.h>
#include <bench/compare/comparison.h>

#include <nlohmann/json_fwd.hpp>

#include <set>
#include <string>

namespace bench::compare {

/// For programs. Drifts are relative (0.002 is 0.2 %) in log time; a number that is not known is an
/// empty field. One line a case under a header.
std::string to_csv(const Comparison& comparison);

/// The same with what the comparison as a whole has to say and every replicate's mean; unknown:
/// null.
nlohmann::ordered_json to_json(const Comparison& comparison);

/// That with the verdict on the whole: `fail_on`, `verdict`, `verdict_line`, `exit_code`.
nlohmann::ordered_json to_json(const Comparison& comparison,
                               const std::set<stats::Verdict>& fail_on);

/// Of pairs: drifts of work, wall, clock and energy, each with its interval and verdict.
nlohmann::ordered_json to_json(const AbComparison& comparison);

} // namespace bench::compare
