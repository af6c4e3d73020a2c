#pragma once

#include <array>
#include <string_view>

namespace bench {

/// Exit codes of every verb. A verb that meets several exits with the first that applies of
/// usage, unavailable, regression, invalid, missing, inconclusive.
enum class ExitCode : int {
  ok = 0,
  regression = 1,
  usage = 2,
  inconclusive = 3,
  invalid = 4,
  missing = 5,
  unavailable = 6,
  interrupted = 130,
};

struct ExitCodeInfo {
  ExitCode code;
  std::string_view name;
  std::string_view meaning;
};

/// All of them, in ascending order, as `bench --help` and the README print them.
inline constexpr std::array<ExitCodeInfo, 8> kExitCodes{{
    {ExitCode::ok, "ok", "all that was asked was done; nothing that counts drifted"},
    {ExitCode::regression, "regression", "a case got slower by more than its gate"},
    {ExitCode::usage, "usage",
     "wrong arguments, a faulty scenario, an output that cannot be written"},
    {ExitCode::inconclusive, "inconclusive", "not decided within the budget"},
    {ExitCode::invalid, "invalid",
     "a measurement that must not be used: wrong output, failed case, disturbed GPU"},
    {ExitCode::missing, "missing", "no comparable baseline"},
    {ExitCode::unavailable, "unavailable",
     "this machine cannot run it: no GPU, GPU busy, too little memory or disk"},
    {ExitCode::interrupted, "interrupted", "stopped by a signal; what had finished is kept"},
}};

/// Of the codes that several cases or scenarios ended with, the one the process exits with.
ExitCode worse(ExitCode a, ExitCode b);

} // namespace bench
