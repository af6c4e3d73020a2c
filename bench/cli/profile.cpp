#include <bench/cli/profile.h>
#include <bench/cli/run.h>

namespace bench::cli {

ExitCode profile(const ProfileOptions& options) {
  RunOptions run_options;
  run_options.scenarios = {options.scenario};
  run_options.only = options.only;
  run_options.profile = options.profile;
  run_options.overrides = options.overrides;
  run_options.plugins = options.plugins;
  run_options.baseline = "none";
  run_options.replicates = 1; // what the profiler costs is told from it
  if (!options.inject.empty())
    run_options.arms.injections = {replicate::parse_injection(options.inject)};
  run_options.out = options.out;
  run_options.kernel_rows = options.rows;
  run_options.trace = options.trace;
  run_options.quiet = options.quiet;
  run_options.argv = options.argv;
  return run(run_options);
}

} // namespace bench::cli
