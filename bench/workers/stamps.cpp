// libbench_stamps.so: the marks of bench/measure/marker.h for another process, as C functions, so
// that they need neither a compiler nor the torch that bench was built against. bench_worker.py
// calls them by ctypes; any language can. The stamp kernel and the way from stamps to spans are the
// very files that bench itself is made of.

#include <bench/measure/marker.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <memory>
#include <string>

namespace {

thread_local std::string last_error;

using bench::measure::Marker;

/// What `call` returns, or `failed` when it throws.
template <typename Call, typename Value>
Value guarded(const Call& call, Value failed) {
  try {
    return call();
  } catch (const std::exception& e) {
    last_error = e.what();
    return failed;
  }
}

} // namespace

#pragma GCC visibility push(default)
extern "C" {

/// Why the last call of this thread failed.
const char* bench_stamps_error() {
  return last_error.c_str();
}

/// A marker on a stream of the current CUDA device (cudaStream_t; null: the default stream) with
/// room for `capacity` marks; or, with `cuda` 0, one by the host's steady clock. Null when it
/// fails.
void* bench_stamps_open(int cuda, [[maybe_unused]] void* stream, [[maybe_unused]] int capacity) {
  return guarded(
      [&]() -> void* {
        if (!cuda)
          return bench::measure::make_steady_clock_marker().release();
#ifdef BENCH_CUDA
        return bench::measure::make_stamp_marker(stream, capacity).release();
#else
        throw std::runtime_error("this build of bench has no CUDA");
#endif
      },
      static_cast<void*>(nullptr));
}

/// Enqueues a mark. 0, or -1 when it fails.
int bench_stamps_mark(void* marker) {
  return guarded(
      [&] {
        static_cast<Marker*>(marker)->mark();
        return 0;
      },
      -1);
}

/// Waits for the device and writes the spans between the marks made since the last call, five
/// doubles each: start_s, t_s, f_hz, slowest_f_hz, valid (1 or 0). At most `most`; how many there
/// are is returned, or -1 when it fails.
int bench_stamps_take(void* marker, double* spans, int most) {
  return guarded(
      [&] {
        const auto all = static_cast<Marker*>(marker)->take();
        const auto kept = std::min(all.size(), static_cast<std::size_t>(std::max(most, 0)));
        for (std::size_t i = 0; i < kept; ++i) {
          const bench::measure::Span& s = all[i];
          for (const double value : {s.start_s, s.t_s, s.f_hz, s.slowest_f_hz, s.valid ? 1.0 : 0.0})
            *spans++ = value;
        }
        return static_cast<int>(all.size());
      },
      -1);
}

/// Seconds that the host took from the first to the last of the marks that were taken last; NaN:
/// not known, or there is no device that could wait for it.
double bench_stamps_enqueue_s(void* marker) {
  return static_cast<const Marker*>(marker)->enqueue_s().value_or(
      std::numeric_limits<double>::quiet_NaN());
}

void bench_stamps_close(void* marker) {
  delete static_cast<Marker*>(marker);
}
}
#pragma GCC visibility pop
