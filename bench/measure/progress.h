#pragma once

#include <string_view>

namespace bench::measure {

/// Is told how a run goes on; decides itself how to show it (a bar, plain lines, nothing).
class Progress {
 public:
  virtual ~Progress() = default;
  /// Before the first case: how many follow.
  virtual void start(int cases) = 0;
  /// A case begins.
  virtual void begin(std::string_view case_id) = 0;
  /// What is being done now ("warm-up", "capture", "samples"), and how much of it, 0..1.
  virtual void phase(std::string_view name, double fraction = 0) = 0;
  /// The case ended; `line` is its outcome in a few words ("93.1 ms/step", "failed: ...").
  virtual void end(std::string_view line) = 0;
};

} // namespace bench::measure
