#pragma once

#include <bench/base/exit_code.h>
#include <bench/cli/command_line.h>

namespace bench::cli {

/// main() of bench and of bench-measure: reads the command line, has `run_verb` do what it says,
/// and turns what that throws, or standard output that cannot be written, into a line on stderr and
/// the exit code, which it returns.
int run_program(int argc, char** argv, ExitCode (*run_verb)(const CommandLine&));

} // namespace bench::cli
