#include <bench/machine/machine.h>
#include <bench/machine/machine_trace.h>

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace bench::machine {
namespace {

using Clock = std::chrono::steady_clock;

Reading read(const NvmlDevice& device) {
  Reading reading;
  reading.when = Clock::now();
  reading.power_w = device.instant_power_w();
  if (!reading.power_w)
    reading.power_w = device.power_w();
  reading.sm_clock_hz = device.clock_hz(ClockDomain::sm, ClockKind::now);
  reading.temperature_c = device.temperature_c();
  reading.clocks_events = device.clocks_events();
  return reading;
}

} // namespace

TraceRecorder::TraceRecorder(NvmlDevice device, std::chrono::nanoseconds interval)
    : device_(std::move(device)), interval_(interval),
      max_sm_clock_hz_(device_.clock_hz(ClockDomain::sm, ClockKind::max)) {
  trace_.readings.reserve(kMostReadings + 1);
  thread_ = std::thread([this] { run(); });
}

Trace TraceRecorder::finish() {
  stop();
  trace_.counted_power_w = ticks_.mean_power_w();
  const Reading last = read(device_);
  const bool kept = trace_.taken % keep_every_ == 0;
  add(last);
  if (!kept)
    trace_.readings.push_back(last);
  return std::move(trace_);
}

void TraceRecorder::stop() {
  if (!thread_.joinable())
    return;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void TraceRecorder::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr); // signals are for the thread that measures
  Clock::time_point due = Clock::now();
  for (bool ended = false; !ended;) {
    if (const Clock::time_point now = Clock::now(); due <= now && !ticks_.searching()) {
      add(read(device_));
      // A driver that answers slowly is left in peace at least half of the time.
      due = std::max(due + interval_, Clock::now() + interval_ / 2);
    } else if (ticks_.next() <= now) {
      if (const std::optional<double> energy_j = device_.energy_j())
        ticks_.add(Clock::now(), *energy_j);
      else
        ticks_.stop();
    }
    const Clock::time_point next =
        ticks_.searching() ? ticks_.next() : std::min(due, ticks_.next());
    std::unique_lock lock(mutex_);
    ended = wake_.wait_until(lock, next, [this] { return stopped_; });
  }
}

void TraceRecorder::add(const Reading& reading) {
  if (reading.power_w) {
    power_sum_w_ += *reading.power_w;
    trace_.mean_power_w = power_sum_w_ / static_cast<double>(++powers_);
  }
  if (reading.temperature_c)
    trace_.highest_temperature_c = std::max(
        *reading.temperature_c, trace_.highest_temperature_c.value_or(*reading.temperature_c));
  if (reading.clocks_events)
    ++trace_.clocks_events[reading.clocks_events->bits()];
  if (looks_locked(reading.clocks_events, reading.sm_clock_hz, max_sm_clock_hz_))
    ++trace_.locked;

  std::vector<Reading>& kept = trace_.readings;
  if (trace_.taken++ % keep_every_ != 0)
    return;
  if (kept.size() == kMostReadings) { // every second one stays: the reading before this one goes
    for (std::size_t i = 1; 2 * i < kept.size(); ++i)
      kept[i] = kept[2 * i];
    kept.resize(kMostReadings / 2);
    keep_every_ *= 2;
  }
  kept.push_back(reading);
}

} // namespace bench::machine
