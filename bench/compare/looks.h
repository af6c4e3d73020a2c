#pragma once

#include <bench/compare/comparison.h>

#include <span>
#include <string>
#include <vector>

/// When the cases of a run are judged, and which are measured on.
namespace bench::compare {

/// Looks: after so many replicates at most a case is judged, and measured on only when undecided.
inline constexpr int kLooks[] = {3, 6, 10, 20};

/// The first look at or after `replicates` + 1; 0 when all have passed.
int next_look(int replicates, std::span<const int> looks);

/// So many processes at most are measured in the place of those set aside: a GPU that changes its
/// mode from process to process would go on for ever.
inline constexpr int kMostReplaced = 3;

/// Undecided cases of which more than `replaced` new replicates are set aside: another process in
/// their place may decide them before the next look.
std::vector<std::string> cases_to_replace(const Comparison& comparison, int replaced);

/// Cases that more replicates can decide. With a `resolution` (of log time, > 0) instead: those on
/// a known GPU whose interval is wider either way, whatever their verdict.
std::vector<std::string> open_cases(const Comparison& comparison, double resolution);

/// After how many replicates the `open` cases are judged again, `replicates` of which there are and
/// `most` at most: as soon as all of them should be decided, as their intervals stand.
int look_for(const std::vector<std::string>& open, const Comparison& comparison, int replicates,
             int most);

} // namespace bench::compare
