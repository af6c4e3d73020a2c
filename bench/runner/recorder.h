#pragma once

#include <bench/results/result.h>
#include <bench/runner/guarded_gpu.h>
#include <bench/runner/jobs.h>
#include <bench/runner/process.h>
#include <bench/text/progress.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bench::runner {

/// A result without cases: what is measured, with which arguments.
results::Result begin_result(const Job& job, const std::vector<std::string>& argv);

/// Runs replicates and keeps what they measured in a result and its file, which is rewritten after
/// every case: a killed run keeps what it finished.
class Recorder {
 public:
  Recorder(const Job& job, results::Result begun, GuardedGpu& gpu, text::ProgressDisplay& progress);

  /// A case's id in the result for the one that a worker reported; default: the same.
  std::function<std::string(const std::string&)> rename;

  /// Those of `cases` that have failed in no replicate and lack replicate `number` (a resumed run
  /// has some).
  std::vector<std::string> lacking(std::vector<std::string> cases, int number) const;

  /// Measures `request`, whose cases are lacking replicate `number`. Why no further replicate is to
  /// be started, if so: a signal, or a fault that goes to stderr. Throws Error when nothing at all
  /// could be measured.
  std::optional<ExitCode> measure(const std::filesystem::path& program, replicate::Request request,
                                  int number);

  /// Adds the profile of its kernels to every case that was measured, by a process of its own: what
  /// was timed never sees the profiler. A case that has none says why. What a signal ended has a
  /// code.
  std::optional<ExitCode> profile(const std::filesystem::path& program, replicate::Request request);

  /// Writes the file once more: in the order of the plan and with its time of end.
  void finish(bool complete);

  results::Result& result() { return result_; }
  const results::Result& result() const { return result_; }

 private:
  void keep(results::Result part);
  void complete(results::CaseResult& result) const;

  const Job& job_;
  results::Result result_;
  GuardedGpu& gpu_;
  text::ProgressDisplay& progress_;
  std::vector<std::string> ids_;
  results::Origin origin_; ///< of the process that measures
};

} // namespace bench::runner
