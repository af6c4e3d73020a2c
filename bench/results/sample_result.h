#pragma once

#include <bench/results/result.h>

namespace bench::results {

/// Every field filled with a value of its own: a loop case with two replicates, a kernel case on
/// which everything optional is unknown, and a failed case without replicates.
/// testdata/schema_1.json is its document.
Result sample_result();

} // namespace bench::results
