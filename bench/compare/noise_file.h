#pragma once

#include <bench/stats/judge.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace bench::compare {

/// What is known of the noise of one GPU model: `noise.json` beside its baselines.
///
///     {"schema_version": 1, "gpu": "NVIDIA H200", "source": "how it was estimated",
///      "regimes": {"graph loop": {"replicate_sd": 0.0002, "replicate_df": 20,
///                                 "device_sd": 0.0004, "device_df": 10,
///                                 "extrapolation": 0.01, "device_extrapolation": 0.02}},
///      "cases": {"zimage/loop/turbo-9/graph/aten": {"replicate_sd": 0.0002, "replicate_df": 40}}}
///
/// `cases`, which may be absent, knows what was measured often by itself.
struct NoiseFile {
  /// Between processes of one case, as stats::NoisePrior has it of a regime.
  struct CaseNoise {
    double replicate_sd = 0;
    double replicate_df = 0;
  };

  std::string gpu;
  std::string source;
  std::map<std::string, stats::NoisePrior> regimes; ///< by what regime() says of cases
  std::map<std::string, CaseNoise> cases;           ///< by id

  /// Of a case: the regime's, all zeros where it is not there, with what is known of the case
  /// itself in its place.
  stats::NoisePrior prior(const std::string& regime, const std::string& case_id) const;
};

/// Throws UsageError naming `origin` and the place in it.
NoiseFile noise_from_json(std::string_view text, const std::string& origin);

NoiseFile read_noise_file(const std::filesystem::path& path);

inline constexpr std::string_view kNoiseFileName = "noise.json";

/// Of a folder of baselines; nothing is known where there is none.
NoiseFile noise_in(const std::filesystem::path& folder);

} // namespace bench::compare
