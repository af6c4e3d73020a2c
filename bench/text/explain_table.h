#pragma once

#include <bench/compare/explain_cases.h>
#include <bench/text/terminal.h>

#include <string>

namespace bench::text {

/// Where a case's drift comes from, for a person: what moved most first, at most `rows` kernels,
/// the others in one line. The column "of step" adds up to the drift of the profiles.
std::string explain_table(const compare::CaseExplanation& c, int rows, const Style& style);

} // namespace bench::text
