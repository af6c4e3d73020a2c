#pragma once

#include <bench/base/exit_code.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bench::cli {

struct SelftestOptions {
  std::filesystem::path scenario = "scenarios/zimage.yaml";
  std::string only; ///< as `bench run`; "": the scenario's first loop and its first kernel
  std::string profile;
  std::vector<std::string> overrides; ///< of --set
  std::vector<std::filesystem::path> plugins;
  int replicates = 3;
  bool quick = false; ///< fewer arms
  std::string arms;   ///< "none,spin=3%": instead of the usual ones
  std::filesystem::path out;
  std::filesystem::path append; ///< data set to add the replicates to
  std::filesystem::path judge;  ///< data set to judge instead of measuring
  int shuffles = 1000;          ///< of its processes
  std::vector<std::string> argv;
};

/// `bench selftest`: measures cases as they are, the same once more, and with known amounts of work
/// added, and prints what came of each: a harness that finds what is there and nothing else, and
/// what this machine resolves. Exits invalid when an arm was judged wrongly. With `judge` nothing
/// is measured: print_rates() does it. Throws bench::Error.
ExitCode selftest(const SelftestOptions& options);

} // namespace bench::cli
