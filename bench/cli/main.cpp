// bench, the program that people and scripts call. It judges results itself and loads no torch for
// that, so that `bench compare` answers at once on any machine. What measures is another program
// beside it, bench-measure.

#include <bench/base/error.h>
#include <bench/base/installation.h>
#include <bench/cli/program.h>
#include <bench/cli/rates_table.h>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace bench::cli {
namespace {

/// Becomes bench-measure: the same process and arguments, and so the same signals and exit code.
[[noreturn]] void become_bench_measure(char** argv) {
  const std::filesystem::path program = program_beside("bench-measure");
  execv(program.c_str(), argv);
  throw UnavailableError(
      fmt::format("cannot start {}, the part of bench that needs torch: {}; it belongs into the "
                  "folder of bench: build it with `ci/bench`, or take the whole bundle",
                  program.string(), std::generic_category().message(errno)));
}

ExitCode run_verb(const CommandLine& line) {
  if (line.verb == "compare")
    return compare_results(line.compare, stdout);
  if (line.verb == "explain")
    return explain_results(line.explain, stdout);
  if (line.verb == "baseline")
    return baseline(line.baseline, stdout);
  if (line.verb == "report")
    return report(line.report);
  if (line.verb == "selftest" && !line.selftest.judge.empty()) {
    print_rates(line.selftest.judge, line.selftest.shuffles, stdout);
    return ExitCode::ok;
  }
  become_bench_measure(line.argv); // see measure_main.cpp
}

} // namespace
} // namespace bench::cli

int main(int argc, char** argv) {
  return bench::cli::run_program(argc, argv, bench::cli::run_verb);
}
