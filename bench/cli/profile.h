#pragma once

#include <bench/base/exit_code.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bench::cli {

struct ProfileOptions {
  std::filesystem::path scenario;
  std::string only;
  std::string profile;
  std::vector<std::string> overrides;
  std::vector<std::filesystem::path> plugins;
  std::string inject; ///< "norms=1": the loops with this too; "": only as they are
  std::filesystem::path out;
  std::filesystem::path trace; ///< "": none
  int rows = 20;               ///< of each table
  bool quiet = false;
  std::vector<std::string> argv;
};

/// `bench profile`: times the cases in one process, then shows in another which kernels they run
/// and how long each takes. Writes a result file that holds both. Throws bench::Error.
ExitCode profile(const ProfileOptions& options);

} // namespace bench::cli
