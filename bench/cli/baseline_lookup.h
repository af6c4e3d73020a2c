#pragma once

#include <bench/cli/jobs.h>
#include <bench/compare/noise_file.h>
#include <bench/results/result.h>

#include <filesystem>
#include <optional>
#include <string>

namespace bench::cli {

/// A stored result and what is known of the noise on its GPU model.
struct Baseline {
  std::filesystem::path file;
  results::Result result;
  compare::NoiseFile noise; ///< noise.json beside it; nothing known where there is none
};

/// The baseline of `result`: the file `path`, `<scenario>.json` in the folder `path`, or for ""
/// baselines/<gpu>/<scenario>.json beside the folder of its scenario file. None for "none" and, by
/// default, where there is no such file. Throws UsageError for a given path that is not there or
/// cannot be read.
std::optional<Baseline> find_baseline(const std::string& path, const results::Result& result);

/// The interrupted run in `file`, to go on with. Throws UsageError when it measured another
/// scenario, profile, overrides or revision than `job` would, and when it had finished.
results::Result resumed(const Job& job, const RunOptions& options,
                        const std::filesystem::path& file);

} // namespace bench::cli
