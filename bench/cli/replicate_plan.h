#pragma once

#include <bench/compare/comparison.h>
#include <bench/results/result.h>

#include <span>
#include <string>
#include <vector>

/// Which replicate measures which cases, and how their documents become one result.
namespace bench::cli {

/// Looks: after so many replicates at most a case is judged, and measured on only when undecided.
inline constexpr int kLooks[] = {3, 6, 10, 20};

/// The first look at or after `replicates` + 1; 0 when all have passed.
int next_look(int replicates, std::span<const int> looks);

/// So many processes at most are measured in the place of those set aside: a GPU that changes its
/// mode from process to process would go on for ever.
inline constexpr int kMostReplaced = 3;

/// Undecided cases of which more than `replaced` new replicates are set aside: another process in
/// their place may decide them before the next look.
std::vector<std::string> cases_to_replace(const compare::Comparison& comparison, int replaced);

/// Cases that more replicates can decide. With a `resolution` (of log time, > 0) instead: those on
/// a known GPU whose interval is wider either way, whatever their verdict.
std::vector<std::string> open_cases(const compare::Comparison& comparison, double resolution);

/// After how many replicates the `open` cases are judged again, `replicates` of which there are and
/// `most` at most: as soon as all of them should be decided, as their intervals stand.
int look_for(const std::vector<std::string>& open, const compare::Comparison& comparison,
             int replicates, int most);

/// Takes what a worker sent (no case, or one) into the run's result: machine, settings and versions
/// of the first document, replicates of a case beside those of other processes. A part that says
/// its machine has its replicates' origins; of one that does not they are the run's already. Of a
/// case that failed once nothing counts: status and message of the first failure stay. An output
/// that differs between processes of one seed is a message. Throws UsageError where the GPU model,
/// the driver or a library is another than the first document's: a run that is resumed elsewhere.
void merge(results::Result& run, results::Result part);

/// The replicates that a case has; 0 when it is not there.
int replicates_of(const results::Result& run, const std::string& id);

/// The run's cases in the order of `ids`; those not in it (anchors, injections) stay behind them.
void sort_cases(results::Result& run, const std::vector<std::string>& ids);

} // namespace bench::cli
