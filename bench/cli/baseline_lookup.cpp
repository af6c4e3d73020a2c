#include <bench/base/error.h>
#include <bench/cli/baseline_lookup.h>
#include <bench/cli/version.h>
#include <bench/compare/promotion.h>

#include <fmt/format.h>

namespace bench::cli {

std::optional<Baseline> find_baseline(const std::string& path, const results::Result& result) {
  if (path == "none")
    return std::nullopt;
  std::filesystem::path file = path;
  const std::string name = result.scenario + ".json";
  if (path.empty()) {
    file = std::filesystem::path(result.scenario_file).parent_path() / ".." / "baselines" /
           compare::gpu_folder({.file = result.scenario_file, .result = result}) / name;
    file = file.lexically_normal();
    if (!std::filesystem::exists(file))
      return std::nullopt;
  } else if (std::filesystem::is_directory(file)) {
    file /= name;
  }
  Baseline baseline{.file = file, .result = results::read(file), .noise = {}};
  const auto noise = file.parent_path() / "noise.json";
  if (std::filesystem::exists(noise))
    baseline.noise = compare::read_noise_file(noise);
  return baseline;
}

results::Result resumed(const Job& job, const RunOptions& options,
                        const std::filesystem::path& file) {
  results::Result result = results::read(file);
  const auto demand = [&](bool holds, std::string_view what) {
    if (!holds)
      throw UsageError(fmt::format("--resume {}: {}; start a run of its own", file.string(), what));
  };
  demand(result.finished.empty(), "that run had finished");
  demand(result.scenario == job.plan.scenario && result.scenario_text == job.scenario.text(),
         "it measured another scenario");
  demand(result.profile == job.plan.profile, "it measured the profile " + result.profile);
  demand(result.overrides == options.overrides, "it had other overrides (--set)");
  demand(result.git_sha == version().git_sha && result.git_dirty == version().git_dirty,
         "it was measured by another build");
  result.interrupted = false;
  return result;
}

} // namespace bench::cli
