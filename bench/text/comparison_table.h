#pragma once

#include <bench/baseline/since_oldest.h>
#include <bench/compare/comparison.h>
#include <bench/stats/judge.h>
#include <bench/text/terminal.h>

#include <set>
#include <string>
#include <vector>

namespace bench::text {

/// A comparison for a person: a row a case, below it what there is to say of cases that did not
/// simply pass, and the verdict as the last line.
///
///     base, now  median time of a step or launch as it was timed
///     wall       relative drift of the time as it was timed; wall = work + clock, as printed
///     work       the drift at one SM clock: what the verdict is about
///     +-         half the 99 % interval of work
///     clock      what is left: the share of the drift that the SM clock made
///     energy     drift of the joules a step, where both know them; not judged
std::string comparison_table(const compare::Comparison& comparison,
                             const std::set<stats::Verdict>& fail_on, const Style& style);

/// A line for each case that crept; "" where none did.
std::string crept_text(const std::vector<baseline::SinceOldest>& drifts);

/// "93.12 ms", "22.30 us", "-0.0213 us"
std::string time_text(double seconds);

/// Relative drift in hundredths of a per cent, so that printed figures add up; "+0.30 %" of them.
long hundredths(double log_drift);
std::string percent_text(long hundredths);

/// "0.06 %"; "" where nothing is known of the noise.
std::string half_width_text(const stats::Interval& interval);

/// In the verdict's colour.
std::string verdict_mark(const Style& style, stats::Verdict verdict, std::string_view text);

} // namespace bench::text
