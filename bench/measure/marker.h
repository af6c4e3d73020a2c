#pragma once

#include <memory>
#include <optional>
#include <vector>

namespace bench::measure {

/// The time between two successive marks.
struct Span {
  double start_s = 0; ///< of its first mark, since the first mark of all
  double t_s = 0;     ///< between the marks
  double f_hz = 0;    ///< mean frequency of the median SM between them; NaN where there is none
  double slowest_f_hz = 0; ///< of the slowest SM: GPCs of one GPU can differ by 0.1 %
  bool valid = true;       ///< false: the marks contradict each other, do not count it
};

/// Marks points in a device's stream of work. Marking never waits for the device, so a loop that is
/// marked runs as a user's would; when each mark was reached is read afterwards.
class Marker {
 public:
  virtual ~Marker() = default;
  /// Enqueues a mark behind everything enqueued so far. At most capacity() marks before take().
  virtual void mark() = 0;
  /// Waits for the device and returns the spans between the marks made since the last take().
  virtual std::vector<Span> take() = 0;
  /// Seconds that the host took from the first to the last of the marks that take() gave last;
  /// none: not known, or the host does the work itself.
  virtual std::optional<double> enqueue_s() const { return std::nullopt; }
  /// How many marks can be outstanding.
  virtual int capacity() const = 0;
};

/// Marks by the host's steady clock, for devices whose work is done when the call returns.
std::unique_ptr<Marker> make_steady_clock_marker();

/// Marks by stamps on a CUDA device: a kernel with one block on every SM that stores the SM's
/// number, cycle counter and the global nanosecond timer. Two stamps give the time and the
/// effective SM frequency between them. `stream` is a cudaStream_t of the current device. Throws
/// std::runtime_error when the device refuses the kernel. Only in CUDA builds.
std::unique_ptr<Marker> make_stamp_marker(void* stream, int capacity = 4096);

} // namespace bench::measure
