#pragma once

#include <bench/compare/ab.h>

#include <string>
#include <vector>

/// From a baseline that cannot decide a case to the pairs of `bench ab` that can.
namespace bench::compare {

/// Inconclusive, and no number of new replicates here would decide it (stats::Judgement).
bool wants_pairs(const CaseComparison& c);

/// The revision whose build stands for the baseline's: that of the case's replicates, else of the
/// file. "": unknown.
const std::string& revision_for_pairs(const Comparison& comparison, const CaseComparison& c);

/// Takes the verdicts of `pairs`, which lie in `folder`, for the cases that the baseline could not
/// decide, and notes whose they are. A case that the pairs give no drift of, missing or invalid
/// there or of other work, stays inconclusive and its reason says so. Cases that the baseline
/// decided stay as they are. Called again with later pairs, it replaces those verdicts too. Throws
/// UsageError for pairs of another GPU model.
void decide_by_pairs(Comparison& comparison, const AbComparison& pairs, const std::string& folder);

} // namespace bench::compare
