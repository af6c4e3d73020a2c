#pragma once

#include <bench/scenario/scenario.h>
#include <bench/workers/client.h>

#include <filesystem>
#include <string>

namespace bench::workers {

/// How a scenario's worker is started on this machine.
struct Command {
  Launch launch;
  std::filesystem::path script; ///< the file that is the worker; empty where the command names none
  std::string digest;           ///< of its bytes, 16 hex digits
};

/// The command of `worker` in the scenario file: `python3` as the first word becomes the Python
/// whose torch bench uses, a relative script is looked for beside the file and then in the folder
/// of bench. The environment tells where the stamps are and lets any worker import bench_worker.
/// Throws UsageError when the script is not there.
Command command_of(const scenario::WorkerSpec& worker, const std::filesystem::path& scenario_file);

} // namespace bench::workers
