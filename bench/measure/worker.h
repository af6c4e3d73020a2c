#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench::measure {

/// How a worker process ended.
struct WorkerEnd {
  std::optional<int> exit_code; ///< none: killed by a signal, or by us
  std::string fault;            ///< why it is not to be trusted; one line, "" when it ended well
};

/// Runs `argv` in a fresh process and hands each line that it writes to its standard output on to
/// `on_line` as it comes; its standard error is ours. The process dies with us. It is killed, and
/// the fault says so, when it is silent for `patience_s` seconds or when `on_line` throws (the
/// exception goes on to the caller). A signal that asks this process to end (see interrupt.h) is
/// passed on to it, once. Throws std::system_error when no process can be started.
WorkerEnd run_worker(const std::vector<std::string>& argv, double patience_s,
                     const std::function<void(std::string_view)>& on_line);

/// The file that this process was started from.
std::filesystem::path this_executable();

/// In a worker: makes what this process prints from now on go to standard error, libraries' text
/// too, and returns a descriptor of what was standard output, for its lines alone.
int claim_standard_output();

} // namespace bench::measure
