#pragma once

#include <bench/base/exit_code.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bench::cli {

struct RunOptions {
  std::vector<std::filesystem::path> scenarios;
  std::string only;                   ///< regular expression searched in case ids; "": all
  std::string profile;                ///< "": gate where there is a GPU, else cpu
  std::filesystem::path out;          ///< "": results/<scenario>-<profile>-<time>.json
  std::vector<std::string> overrides; ///< of --set
  std::vector<std::string> flags;     ///< Google Benchmark's, after `--`
  bool dry_run = false;
  bool quiet = false;
  std::vector<std::string> argv; ///< kept in the result
};

/// `bench run`: measures scenarios one after the other, writes a result file for each (after every
/// case, so that a killed run keeps what it finished) and prints its table. Throws bench::Error.
ExitCode run(const RunOptions& options);

} // namespace bench::cli
