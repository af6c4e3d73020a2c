#pragma once

#include <bench/compare/ab.h>
#include <bench/compare/noise_file.h>
#include <bench/results/result.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bench::compare {

/// A stored result and what is known of the noise on its GPU model.
struct Baseline {
  std::filesystem::path file;
  results::Result result;
  NoiseFile noise; ///< noise_of() it
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
NoiseFile noise_for(const results::Result& result);

/// What is known of the noise where `result` is held against the result in `baseline`: noise.json
/// beside that file, or where there is none noise_for(result).
NoiseFile noise_of(const std::filesystem::path& baseline, const results::Result& result);

/// Where the oldest replicates lie that a baseline has had in the place of today's
/// (keep_oldest): `oldest/` beside it.
std::filesystem::path oldest_file(const std::filesystem::path& baseline);

/// The drift of one case since it was measured first.
struct SinceOldest {
  std::string id;
  double gate = 0;
  stats::Interval work; ///< of log time
  std::string date;     ///< of what was measured first
  /// It excludes 0 and is larger than the gate: promotions, each below it, may have added up.
  bool crept() const;
};

/// Of the cases of `result` that oldest_file(baseline) has and that can be compared; empty where
/// there is no such file. Throws UsageError for one that cannot be read.
std::vector<SinceOldest> since_oldest(const std::filesystem::path& baseline,
                                      const results::Result& result);

/// The comparison of the two results that `bench ab` left in a folder, made anew from their
/// samples. Throws UsageError for what cannot be read.
AbComparison read_pairs(const std::filesystem::path& folder);

/// Has each of these folders' pairs decide what `comparison` could not, in their order.
void decide_by_pairs(Comparison& comparison, const std::vector<std::filesystem::path>& folders);

} // namespace bench::compare
