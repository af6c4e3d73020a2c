#include <bench/base/exit_code.h>

#include <algorithm>

namespace bench {

namespace {

/// From what to ignore to what to report first.
constexpr std::array<ExitCode, kExitCodes.size()> kAscendingPrecedence{
    ExitCode::ok,         ExitCode::inconclusive, ExitCode::missing, ExitCode::invalid,
    ExitCode::regression, ExitCode::unavailable,  ExitCode::usage,   ExitCode::interrupted,
};

auto precedence(ExitCode code) {
  return std::ranges::find(kAscendingPrecedence, code);
}

} // namespace

ExitCode worse(ExitCode a, ExitCode b) {
  return precedence(a) < precedence(b) ? b : a;
}

} // namespace bench
