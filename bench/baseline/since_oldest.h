#pragma once

#include <bench/results/result.h>
#include <bench/stats/judge.h>

#include <filesystem>
#include <string>
#include <vector>

/// How far cases have drifted since they were measured first (oldest.h).
namespace bench::baseline {

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

} // namespace bench::baseline
