#pragma once

#include <bench/results/result.h>
#include <bench/stats/judge.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bench::compare {

/// What is known of the noise of one GPU model: `noise.json` beside its baselines.
///
///     {"schema_version": 1, "gpu": "NVIDIA H200", "source": "how it was estimated",
///      "regimes": {"graph loop": {"replicate_sd": 0.0002, "replicate_df": 20,
///                                 "device_sd": 0.0004, "device_df": 10,
///                                 "extrapolation": 0.01, "device_extrapolation": 0.02}},
///      "cases": {"zimage/loop/turbo-9/graph/aten": {"hash": "0123456789abcdef",
///                "replicate_sd": 0.0002, "replicate_df": 40,
///                "covariates": {"clock": {"slope": 0.03, "slope_sd": 0.01, "df": 36},
///                               "replicate_sd": 0.00015, "replicate_df": 38}}}}
///
/// `alike_device_sd` and `alike_device_df`, which may be absent too, are of GPUs whose copies take
/// the same time. `cases`, which may be absent, knows what was measured often by itself, of cases
/// that were measured on many GPUs also what lies between these (`device_sd` and so on). In
/// `covariates`, of a case or of a regime, is what time was seen to follow, `clock` or
/// `temperature` or both, and the noise without that.
struct NoiseFile {
  /// Of one case, as stats::NoisePrior has it.
  struct CaseNoise {
    std::string hash; ///< of the case that was measured
    double replicate_sd = 0;
    double replicate_df = 0;
    stats::DeviceNoise devices{}; ///< df 0: too few GPUs had it, so that the regime's hold
    stats::CovariatePrior covariates{};
  };

  std::string gpu;
  std::string source;
  std::map<std::string, stats::NoisePrior> regimes; ///< by what regime() says of cases
  std::map<std::string, CaseNoise> cases;           ///< by id

  /// Of a case: its regime's, all zeros where that is not there, with what is known of the case
  /// itself, of the same hash, in its place.
  stats::NoisePrior prior(const results::CaseResult& c) const;
  /// Of two cases that are held against each other. Where they differ, such as two paths: the
  /// noisier one's between processes, nothing if either's is not known, and no covariate. Between
  /// GPUs that of the one that differs more.
  stats::NoisePrior prior(const results::CaseResult& one, const results::CaseResult& other) const;
};

/// `noise` where it is of the GPU model of `result`, or says none; else nothing, with a note.
NoiseFile noise_known_of(const results::Result& result, const NoiseFile& noise,
                         std::vector<std::string>& notes);

/// Throws UsageError naming `origin` and the place in it.
NoiseFile noise_from_json(std::string_view text, const std::string& origin);

NoiseFile read_noise_file(const std::filesystem::path& path);

inline constexpr std::string_view kNoiseFileName = "noise.json";

/// Of a folder of baselines; nothing is known where there is none.
NoiseFile noise_in(const std::filesystem::path& folder);

} // namespace bench::compare
