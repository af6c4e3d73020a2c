#include <bench/base/error.h>
#include <bench/runner/resume.h>
#include <bench/version/version.h>
#include <kernels/paths.h>

#include <fmt/format.h>

namespace bench::runner {

results::Result resumed(const Job& job, const std::filesystem::path& file) {
  results::Result result = results::read(file);
  const auto demand = [&](bool holds, std::string_view what) {
    if (!holds)
      throw UsageError(fmt::format("--resume {}: {}; start a run of its own", file.string(), what));
  };
  demand(result.finished.empty(), "that run had finished");
  demand(result.scenario == job.plan.scenario && result.scenario_text == job.scenario.text(),
         "it measured another scenario");
  demand(result.profile == job.plan.profile, "it measured the profile " + result.profile);
  demand(result.overrides == job.overrides, "it had other overrides (--set)");
  demand(result.only == job.only, result.only.empty()
                                      ? "it was to measure all cases (no --only)"
                                      : fmt::format("it had --only '{}'", result.only));
  demand(result.git_sha == version().git_sha && result.git_dirty == version().git_dirty,
         "it was measured by another build");
  for (const results::CaseResult& c : result.cases)
    for (const auto& [key, value] : c.parameters)
      if (key.starts_with("plugin.")) {
        const kernels::Path* path = kernels::find_path(key.substr(7));
        demand(path && path->plugin && value.starts_with(path->plugin->digest + ' '),
               fmt::format("it measured the plug-in {}, which is changed or not given now",
                           value.substr(value.find(' ') + 1)));
      }
  result.interrupted = false;
  return result;
}

} // namespace bench::runner
