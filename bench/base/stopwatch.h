#pragma once

#include <chrono>
#include <utility>

namespace bench {

/// Seconds on a clock of the host that never goes back, from its making on.
class Stopwatch {
 public:
  double seconds() const { return to_seconds(Clock::now() - start_); }

  /// Seconds since the last lap, or since the start; the next one begins now.
  double lap() {
    const Clock::time_point now = Clock::now();
    return to_seconds(now - std::exchange(lap_, now));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double to_seconds(Clock::duration span) {
    return std::chrono::duration<double>(span).count();
  }

  Clock::time_point start_ = Clock::now();
  Clock::time_point lap_ = start_;
};

} // namespace bench
