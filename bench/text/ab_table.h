#pragma once

#include <bench/compare/ab.h>
#include <bench/text/terminal.h>

#include <set>
#include <string>

namespace bench::text {

/// A comparison of pairs for a person: a row a case, below it what there is to say, and the verdict
/// as the last line.
///
///     A, B      median time of a step or launch as it was timed
///     wall, +-  drift of the time as it was timed, B against A; wall = work + clock, as printed
///     work, +-  the drift at one SM clock
///     clock     the share of the drift that the SM clock made
///     energy    drift of the joules a step
std::string ab_table(const compare::AbComparison& comparison, const std::string& label_a,
                     const std::string& label_b, const std::set<stats::Verdict>& fail_on,
                     const Style& style);

} // namespace bench::text
