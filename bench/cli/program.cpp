#include <bench/base/error.h>
#include <bench/cli/program.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

namespace bench::cli {
namespace {

/// Text of a user's file may be quoted in an error; none of it may steer the terminal.
void print_error(std::string line) {
  std::ranges::replace_if(
      line, [](unsigned char c) { return c != '\n' && (c < 0x20 || c == 0x7f); }, '?');
  fmt::print(stderr, "bench: {}\n", line);
}

ExitCode output_error(std::error_code error) {
  print_error(fmt::format(
      "cannot write the output: {}; send it to another place, results are in their files",
      error.message()));
  return error == std::errc::no_space_on_device ? ExitCode::unavailable : ExitCode::usage;
}

ExitCode run_to_the_end(int argc, char** argv, ExitCode (*run_verb)(const CommandLine&)) {
  try {
    const CommandLine line = parse_command_line(argc, argv);
    const ExitCode code = line.verb.empty() ? ExitCode::ok : run_verb(line);
    if (std::fflush(stdout) != 0) // a full disk may show only now
      throw std::system_error(errno, std::generic_category());
    return code;
  } catch (const Error& e) {
    print_error(e.what());
    return e.code();
  } catch (const std::system_error& e) {
    if (std::ferror(stdout) != 0)
      return output_error(e.code());
    print_error(fmt::format("unexpected: {}", e.what()));
  } catch (const std::exception& e) {
    print_error(fmt::format("unexpected: {}", e.what()));
  }
  return ExitCode::invalid;
}

} // namespace

int run_program(int argc, char** argv, ExitCode (*run_verb)(const CommandLine&)) {
  return static_cast<int>(run_to_the_end(argc, argv, run_verb));
}

} // namespace bench::cli
