#pragma once

#include <bench/base/exit_code.h>
#include <bench/measure/progress.h>
#include <bench/replicate/injection.h>
#include <bench/results/result.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Replicates: each a fresh process that measures cases of one scenario. The runner starts this
/// very program (or another build of it, in `bench ab`) with the hidden verb `replicate` and reads
/// one JSON object a line:
///     {"phase": "warm-up", "fraction": 0.5, "case": ID}   what it does now
///     {"result": DOCUMENT}                                 first without cases, then one a case
///     {"error": "...", "exit_code": 6}                     why it cannot go on
namespace bench::replicate {

/// What one process is to measure.
struct Request {
  std::filesystem::path scenario;
  std::vector<std::string> overrides;
  std::vector<std::filesystem::path> plugins{}; ///< of --plugin
  std::string profile;
  std::vector<std::string> cases; ///< ids; the process draws their order from the seed
  std::uint64_t seed = 0;
  std::vector<std::string> flags;          ///< Google Benchmark's
  std::filesystem::path save_latents = {}; ///< folder that each loop's latents go to; "": none
  Arms arms{};                             ///< that cases are measured with
  bool profile_kernels = false;            ///< instead of timing: which kernels the cases run
  std::filesystem::path trace = {};        ///< of the profile, in Chrome's format; "": none
};

std::string to_text(const Request& request);

/// `bench replicate REQUEST`: the worker's side. Writes lines as above; throws nothing.
ExitCode answer(const std::string& request);

/// How a replicate went.
struct End {
  bool interrupted = false;
  ExitCode code = ExitCode::ok; ///< of what stopped it
  std::string fault;            ///< why cases are lacking; one line, "" when all were measured
};

/// Runs `request` by `program` and hands each document on as it comes: first one without cases
/// (machine, settings, versions), then one for each case. A process that breaks off loses the case
/// under way: it is handed on as invalid with the reason, and a new process measures the rest.
End run(const std::filesystem::path& program, Request request, measure::Progress& progress,
        const std::function<void(results::Result)>& sink);

} // namespace bench::replicate
