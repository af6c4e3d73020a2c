#pragma once

#include <bench/profile/cupti_api.h>
#include <bench/profile/record.h>

#include <memory>
#include <string>

namespace bench::profile {

/// What a process runs on its GPU from here on, as CUPTI's activity records tell it: every kernel,
/// also inside of CUDA graphs, with the operation (operation.h) that launched it. A graph's nodes
/// have operations only if the graph was captured while the session lived. One at a time, because
/// CUPTI calls back without an argument. It slows launches and graphs: nothing that is timed may
/// run beside it.
class Activity {
 public:
  Activity() : Activity(open_cupti()) {}
  explicit Activity(Cupti cupti);
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  /// Why it records nothing, in one line; "" when it records.
  const std::string& fault() const;
  /// "CUPTI 13.0 activity"
  std::string source() const;

  /// Records nothing until `resume`, and costs next to nothing: what is captured meanwhile still
  /// gets its operations.
  void pause();
  void resume();

  struct Taken {
    Records records;
    std::string fault; ///< why some are missing; one line, "" when none is
  };
  /// What was recorded since the last call. The device must be idle.
  Taken take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace bench::profile
