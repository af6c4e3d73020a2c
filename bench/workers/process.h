#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Loops that another process runs: how it is started, spoken to and watched. README.md is the
/// protocol and how to write a worker.
namespace bench::workers {

/// Another process that takes lines on its standard input and writes lines to its standard output.
/// What it writes to its standard error is kept for its last words, and for people in the file that
/// BENCH_WORKER_LOG names. It and what it started die with this object; it dies with this process.
class Process {
 public:
  /// `argv[0]` is searched in the PATH. `environment` is set beside ours. Throws UnavailableError
  /// when it cannot be started.
  Process(const std::vector<std::string>& argv,
          const std::map<std::string, std::string>& environment);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const { return pid_; }

  /// Hands it `line` and a newline; waits where it does not keep up. Throws InvalidError when it
  /// takes nothing for `patience_s` seconds, measure::Interrupted when a signal asks to end. That
  /// it has ended, `read` says.
  void write(std::string_view line, double patience_s);

  /// Its next line. While there is none `while_waiting` is told a few times a second for how many
  /// seconds. Throws as write, and InvalidError or, for a module that is not installed,
  /// UnavailableError when it has ended: how, and its last words.
  std::string read(double patience_s, const std::function<void(double)>& while_waiting);

  /// Of its standard error the last line that is not empty, cut to 300 characters.
  std::string last_words() const;

 private:
  [[noreturn]] void ended();
  bool take_line(std::string& line);

  int pid_ = -1;
  int input_ = -1;  ///< a socket: writing to a process that has ended then raises no signal
  int output_ = -1; ///< of the process
  int errors_ = -1; ///< a file, in memory or the log: it never makes the process wait
  std::int64_t errors_begin_ = 0; ///< of this process's, in the log
  std::string pending_;
};

} // namespace bench::workers
