#pragma once

#include <bench/base/exit_code.h>
#include <bench/compare/comparison.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace bench::compare {

inline constexpr std::string_view kDefaultFailOn = "regression,invalid";

/// "regression,invalid" -> the verdicts that count. "": none. Throws UsageError for others than
/// regression, invalid, missing, inconclusive and improvement.
std::set<stats::Verdict> parse_fail_on(std::string_view text);

using Counts = std::map<stats::Verdict, int>; ///< how many cases have each verdict

/// Of the verdicts in `fail_on` that some case has, the one to report first. An improvement that
/// counts exits like a regression: drift beyond the gate.
ExitCode exit_code(const Counts& counts, const std::set<stats::Verdict>& fail_on);
ExitCode exit_code(const Comparison& comparison, const std::set<stats::Verdict>& fail_on);

/// The verdict on the whole: the worst that counts, else pass if a case passed or improved, else
/// the worst there is; missing for no cases at all.
stats::Verdict overall(const Counts& counts, const std::set<stats::Verdict>& fail_on);
stats::Verdict overall(const Comparison& comparison, const std::set<stats::Verdict>& fail_on);

/// "verdict: pass (12 pass, 1 inconclusive)"
std::string verdict_line(const Counts& counts, const std::set<stats::Verdict>& fail_on);
std::string verdict_line(const Comparison& comparison, const std::set<stats::Verdict>& fail_on);

} // namespace bench::compare
