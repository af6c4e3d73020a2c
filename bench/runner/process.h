#pragma once

#include <bench/base/exit_code.h>
#include <bench/measure/progress.h>
#include <bench/replicate/request.h>
#include <bench/results/result.h>

#include <filesystem>
#include <functional>
#include <string>

/// Replicates: each a fresh process that measures cases of one scenario. The runner starts this
/// very program (or another build of it, in `bench ab`) with the hidden verb `replicate` and reads
/// its lines (bench/replicate/answer.h).
namespace bench::runner {

/// How a replicate went.
struct ReplicateEnd {
  bool interrupted = false;
  ExitCode code = ExitCode::ok; ///< of what stopped it
  std::string fault;            ///< why cases are lacking; one line, "" when all were measured
};

/// Runs `request` by `program` and hands each document on as it comes: first one without cases
/// (machine, settings, versions), then one for each case. A process that breaks off loses the case
/// under way: it is handed on as invalid with the reason, and a new process measures the rest.
ReplicateEnd run_replicate(const std::filesystem::path& program, replicate::Request request,
                           measure::Progress& progress,
                           const std::function<void(results::Result)>& sink);

} // namespace bench::runner
