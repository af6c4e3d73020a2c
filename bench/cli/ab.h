#pragma once

#include <bench/base/exit_code.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bench::cli {

struct AbOptions {
  std::string a, b; ///< as arm_program() reads them; "": this build
  std::filesystem::path scenario;
  std::string only;
  std::string profile;                  ///< "": gate where there is a GPU, else cpu
  std::vector<std::string> overrides;   ///< of --set: both arms
  std::vector<std::string> overrides_a; ///< of --set-a, after those of both
  std::vector<std::string> overrides_b;
  std::vector<std::filesystem::path> plugins; ///< of --plugin: both arms
  std::string inject_a, inject_b; ///< an injection (injection.h) into one arm's cases; "": none
  std::string fail_on = "regression,invalid";
  int pairs = 0; ///< exactly so many, one look; 0: looks until every case is decided
  /// No pair starts that would end later: cases are judged then, or after two pairs where a third
  /// would end in its last third, and only open ones measured on while a pair of them fits. 0:
  /// none.
  double budget_s = 0;
  std::filesystem::path out; ///< folder; "": results/ab-<scenario>-<profile>-<time>
  bool quiet = false;
  std::vector<std::string> argv;
};

/// `bench ab`: measures two builds, or one with two settings, in turn on one GPU, a process each in
/// the order A B, B A, A B ..., and judges the pairs (stats/pairs.h). Writes a result of each arm
/// (a.json, b.json) and the comparison (ab.json), and prints it. Throws bench::Error.
ExitCode ab(const AbOptions& options);

} // namespace bench::cli
