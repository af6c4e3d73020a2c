#pragma once

#include <bench/compare/noise_file.h>
#include <bench/results/result.h>

#include <filesystem>
#include <optional>
#include <string>

namespace bench::baseline {

/// A stored result and what is known of the noise on its GPU model.
struct Baseline {
  std::filesystem::path file;
  results::Result result;
  compare::NoiseFile noise; ///< noise_of() it
};

/// `place`, or `<scenario>.json` in it where it is a folder. Throws UsageError for a folder without
/// one.
std::filesystem::path baseline_file(const std::filesystem::path& place,
                                    const std::string& scenario);

/// The baseline of `result`: baseline_file(path), or for "" baselines/<gpu>/<scenario>.json beside
/// the folder of its scenario file. None for "none" and, by default, where there is no such file.
/// Throws UsageError for a given path that is not there or cannot be read.
std::optional<Baseline> find_baseline(const std::string& path, const results::Result& result);

/// What is known of the noise of the GPU that `result` was measured on: baselines/<gpu>/noise.json
/// beside the folder of its scenario file. Nothing on a CPU.
compare::NoiseFile noise_for(const results::Result& result);

/// What is known of the noise where `result` is held against the result in `baseline`: noise.json
/// beside that file, or where there is none noise_for(result).
compare::NoiseFile noise_of(const std::filesystem::path& baseline, const results::Result& result);

} // namespace bench::baseline
