#pragma once

#include <bench/results/result.h>
#include <bench/runner/jobs.h>

#include <filesystem>

namespace bench::runner {

/// The interrupted run in `file`, to go on with. Throws UsageError when it measured another
/// scenario, profile, overrides or revision than `job` would, and when it had finished.
results::Result resumed(const Job& job, const std::filesystem::path& file);

} // namespace bench::runner
