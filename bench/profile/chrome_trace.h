#pragma once

#include <bench/profile/record.h>

#include <string>

namespace bench::profile {

/// Records as a trace in Chrome's format, which Perfetto (ui.perfetto.dev) and chrome://tracing
/// show: each sample a process, with a lane of operations and one for each stream.
class ChromeTrace {
 public:
  /// Adds `records` under the name of their case; times begin at 0 in each.
  void add(const std::string& name, const Records& records);
  bool empty() const { return processes_ == 0; }
  /// The JSON document.
  std::string text() const;

 private:
  int processes_ = 0;
  std::string events_; ///< JSON objects with commas between them
};

} // namespace bench::profile
