#pragma once

#include <bench/results/result.h>

#include <optional>

namespace bench::baseline {

/// What was measured first, so that promotions that each stay below the gate cannot add up unseen:
/// `oldest` and, of each case and GPU that it lacks, up to three replicates that `before` has and
/// `after`, the baseline that takes its place, has not. Cases whose work `after` has changed go,
/// and what is of another GPU model.
results::Result keep_oldest(const std::optional<results::Result>& oldest,
                            const results::Result& before, const results::Result& after);

} // namespace bench::baseline
