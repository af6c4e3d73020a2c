#pragma once

#include <bench/compare/comparison.h>

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace bench::compare {

/// For programs. Drifts are relative (0.002 is 0.2 %) in log time; a number that is not known is an
/// empty field. One line a case under a header.
std::string to_csv(const Comparison& comparison);

/// The same with what the comparison as a whole has to say; unknown: null.
nlohmann::ordered_json to_json(const Comparison& comparison);

} // namespace bench::compare
