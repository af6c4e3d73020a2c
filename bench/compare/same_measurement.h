#pragma once

#include <bench/results/result.h>

#include <optional>

namespace bench::compare {

/// One process's samples of a case, be it that a baseline has rounded them (baseline::compact).
bool same_measurement(const results::Replicate& a, const results::Replicate& b);

/// The case with each measurement once; none where it is so already.
std::optional<results::CaseResult> without_repeats(const results::CaseResult& result);

} // namespace bench::compare
