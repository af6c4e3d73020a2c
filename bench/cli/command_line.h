#pragma once

#include <bench/cli/ab.h>
#include <bench/cli/baseline.h>
#include <bench/cli/compare.h>
#include <bench/cli/explain.h>
#include <bench/cli/list.h>
#include <bench/cli/profile.h>
#include <bench/cli/report.h>
#include <bench/cli/run.h>
#include <bench/cli/selftest.h>

#include <string>

namespace bench::cli {

/// What a person or a script asks of bench: a verb, and in the member of its name the options.
struct CommandLine {
  char** argv;        ///< as main() got it
  std::string verb{}; ///< "run"; "": --help or --version, which are answered
  RunOptions run{};
  AbOptions ab{};
  ProfileOptions profile{};
  SelftestOptions selftest{};
  ListOptions list{};
  CompareOptions compare{};
  ExplainOptions explain{};
  BaselineOptions baseline{};
  ReportOptions report{};
  std::string replicate_request{};
};

/// Both programs, bench and bench-measure, read all of it alike. Prints what --help and --version
/// ask for. Throws UsageError.
CommandLine parse_command_line(int argc, char** argv);

} // namespace bench::cli
