#pragma once

#include <bench/base/exit_code.h>

#include <string>

/// The process that measures. It writes one JSON object a line to its standard output:
///     {"phase": "warm-up", "fraction": 0.5, "case": ID}   what it does now
///     {"result": DOCUMENT}                                 first without cases, then one a case
///     {"error": "...", "exit_code": 6}                     why it cannot go on
namespace bench::replicate {

/// `bench replicate REQUEST`, a hidden verb: does what the Request asks. Throws nothing.
ExitCode answer(const std::string& request);

} // namespace bench::replicate
