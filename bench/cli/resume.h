#pragma once

#include <bench/cli/jobs.h>
#include <bench/results/result.h>

#include <filesystem>

namespace bench::cli {

/// The interrupted run in `file`, to go on with. Throws UsageError when it measured another
/// scenario, profile, overrides or revision than `job` would, and when it had finished.
results::Result resumed(const Job& job, const RunOptions& options,
                        const std::filesystem::path& file);

} // namespace bench::cli
