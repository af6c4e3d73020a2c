#pragma once

#include <bench/base/exit_code.h>
#include <bench/replicate/injection.h>
#include <bench/runner/jobs.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bench::cli {

struct RunOptions : runner::JobOptions {
  std::vector<std::filesystem::path> plugins; ///< files whose paths are measured too
  std::vector<std::string> flags;             ///< Google Benchmark's, after `--`
  std::string baseline; ///< file, folder or "none"; "": baselines/<gpu>/ beside the scenario's
  std::string fail_on = "regression,invalid"; ///< verdicts that the exit code reports
  double budget_s = 0;                        ///< no replicate starts that would end later; 0: none
  std::string resolution; ///< "0.05 %": measure until every interval is so narrow; "": till decided
  int replicates = 0;     ///< exactly so many; 0: until every case is decided
  std::filesystem::path resume;       ///< result of an interrupted run to go on with
  replicate::Arms arms;               ///< that every case is measured with
  std::uint64_t seeds_behind = 0;     ///< the first replicate's seed is the one behind this
  std::filesystem::path save_latents; ///< folder for each loop's latents; "": none
  int kernel_rows = 0;                ///< profile the kernels and print so many a case; 0: do not
  std::filesystem::path trace;        ///< of the profile, in Chrome's format; "": none
  bool dry_run = false;
  bool quiet = false;
  std::vector<std::string> argv; ///< kept in the result
};

/// `bench run`: measures scenarios one after the other in replicates (replicate.h), writes a result
/// file for each (after every case, so that a killed run keeps what it finished), prints its table
/// and the verdicts against its baseline. Throws bench::Error.
ExitCode run(const RunOptions& options);

} // namespace bench::cli
