#pragma once

#include <bench/machine/energy_ticks.h>
#include <bench/machine/nvml.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

/// What a GPU does while it works, read through NVML beside the work.
namespace bench::machine {

/// One look at the GPU; absent: the driver did not answer.
struct Reading {
  std::chrono::steady_clock::time_point when{};
  std::optional<double> power_w; ///< as it is now; else, of an older driver, of the last second
  std::optional<double> sm_clock_hz;
  std::optional<double> temperature_c;
  std::optional<ClocksEvents> clocks_events;
};

/// The readings of a stretch of time, in its order.
struct Trace {
  std::vector<Reading> readings; ///< at most kMostReadings and the last; thinned evenly
  // Of all readings, kept or not:
  std::int64_t taken = 0;
  std::optional<double> mean_power_w;
  std::optional<double> counted_power_w; ///< mean, by the counter of joules
  std::optional<double> highest_temperature_c;
  std::map<std::uint64_t, std::int64_t> clocks_events; ///< bits -> readings that showed just these
  std::int64_t locked = 0; ///< readings whose clock looked locked (machine.h)
};

inline constexpr std::size_t kMostReadings = 64;

/// Reads a GPU at once and then every `interval` > 0 on a thread of its own, until finish() or its
/// end; a reading waits while the counter of joules is about to move. The thread that enqueues work
/// never waits for it: a launch does not enter the driver's kernel part, which is where NVML may
/// hold a lock.
class TraceRecorder {
 public:
  TraceRecorder(NvmlDevice device, std::chrono::nanoseconds interval);
  TraceRecorder(const TraceRecorder&) = delete;
  TraceRecorder& operator=(const TraceRecorder&) = delete;
  ~TraceRecorder() { stop(); }

  /// Stops, and ends the trace with a reading of now. To be called once.
  Trace finish();

 private:
  void run();
  void stop();
  void add(const Reading& reading);

  NvmlDevice device_;
  std::chrono::nanoseconds interval_;
  std::optional<double> max_sm_clock_hz_;
  Trace trace_;
  EnergyTicks ticks_;
  double power_sum_w_ = 0;
  std::int64_t powers_ = 0;
  std::int64_t keep_every_ = 1;
  std::mutex mutex_; // not held while the driver is asked
  std::condition_variable wake_;
  bool stopped_ = false; // guarded by mutex_
  std::thread thread_;
};

} // namespace bench::machine
