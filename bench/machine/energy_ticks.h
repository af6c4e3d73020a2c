#pragma once

#include <chrono>
#include <optional>

namespace bench::machine {

/// Finds the moments at which NVML's counter of joules moves. It moves every 0.1 s or so, so two
/// looks at it know the energy between them to 0.1 s of work; the moments at which it moved, to
/// milliseconds.
///
/// Whoever asks the driver does so at next() and tells add(): from shortly before the counter
/// should move until it has, every few milliseconds, and not in between.
class EnergyTicks {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// The driver said `energy_j` at `when`.
  void add(Time when, double energy_j);

  /// The driver has no such counter.
  void stop();

  /// When to ask again; at once to begin with. Never, of a counter that does not move.
  Time next() const { return next_; }
  /// It is about to move: who is late for next() misses it.
  bool searching() const { return searching_since_.has_value(); }

  /// Between the first moment and the last; none before there are two.
  std::optional<double> mean_power_w() const;

 private:
  struct Reading {
    Time when;
    double energy_j;
  };

  std::optional<Reading> asked_; // last
  std::optional<Reading> first_, last_;
  std::optional<Time> searching_since_; // or when the counter was last seen to have moved
  Time next_ = Time::min();
};

} // namespace bench::machine
