#pragma once

#include <bench/results/result.h>

namespace bench::results {

/// The samples of a replicate of `result` that count, in tables and in comparisons alike. Of a
/// kernel those at the faster half of its places in memory, less the fastest eighth (of eight
/// places, the 2nd to the 4th): in the others what the process did before may cost a launch of
/// microseconds a tenth, or spare it one. Of everything else all of them.
Samples judged_samples(const CaseResult& result, const Replicate& replicate);

} // namespace bench::results
