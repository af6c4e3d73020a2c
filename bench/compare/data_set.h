#pragma once

#include <bench/results/result.h>
#include <bench/stats/clock_line.h>
#include <bench/stats/judge.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

/// What `bench selftest --append` collects: processes that each measured a case as it is and with
/// arms of known drift.
namespace bench::compare {

/// An arm of a data set.
struct KnownArm {
  std::string id;   ///< "zimage/loop/turbo-9/graph/aten#spin=0.3%"
  double drift = 0; ///< of log time, against the unchanged case
};

/// A process: of each case that was asked for what it measured, if it did.
struct Process {
  std::vector<std::optional<stats::Observation>> cases;
  std::vector<std::vector<double>> times; ///< seconds of each sample
  std::size_t place = 0; ///< in the data: which replicate, of the first case that it measured
};

/// By GPU. A process is its id on its GPU and its seed, since ids come round again.
using Devices = std::map<std::string, std::vector<Process>>;

/// Throws UsageError when the data has no replicates of one.
const results::CaseResult& case_of(const results::Result& data, const std::string& id);

/// Processes that measured one of these cases. Throws UsageError as case_of() does.
Devices devices_of(const results::Result& data, const std::vector<std::string>& ids);

/// The line within loops of each process's first case; none of kernels, nor where the rules ask for
/// none or none can be fitted.
std::optional<stats::ClockLine> line_of(const Devices& devices, const stats::Rules& rules);

/// Log time at a log clock of 0, where there is a line; else as it was timed.
double adjusted(const stats::Observation& observation, const std::optional<stats::ClockLine>& line);

} // namespace bench::compare
