#include <bench/base/error.h>
#include <bench/base/stopwatch.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/sampler.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

namespace bench::measure {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSteady = 0.005; // two chunks this close end the warm-up
constexpr double kPatience = 5;   // times the least warm-up, then it is given up
constexpr int kWarmUpSteps = 10;  // of a long loop in one chunk of its warm-up
constexpr double kAhead = 0.05;   // steps; a host that is less ahead keeps the device waiting

/// Median cycles of the spans, or seconds where the clock is unknown. At its power limit a GPU's
/// clock wanders by per cents for ever, and the times with it; what a warm-up ends are the changes
/// of the work.
std::optional<double> median_cost(const std::vector<Span>& spans) {
  std::vector<double> costs;
  for (const Span& span : spans)
    if (span.valid)
      costs.push_back(std::isnan(span.f_hz) ? span.t_s : span.t_s * span.f_hz);
  if (costs.empty())
    return std::nullopt;
  return stats::median(costs);
}

void stop_if_interrupted() {
  if (interrupted())
    throw Interrupted{};
}

/// Of the loop of these spans; none where the marker does not know, or an end of it is not valid.
std::optional<double> steps_ahead_in(const std::vector<Span>& spans, const Marker& marker) {
  const std::optional<double> enqueue_s = marker.enqueue_s();
  if (!enqueue_s || !spans.front().valid || !spans.back().valid)
    return std::nullopt;
  const double device_s = spans.back().start_s + spans.back().t_s - spans.front().start_s;
  return steps_ahead(*enqueue_s, device_s, static_cast<int>(spans.size()));
}

} // namespace

void run_marked(Workload& workload, Marker& marker, int steps, bool heeds_signals) {
  workload.begin();
  marker.mark();
  for (int i = 0; i < steps; ++i) {
    if (heeds_signals)
      stop_if_interrupted();
    workload.step(i % workload.steps());
    marker.mark();
  }
}

WarmUp warm_up(const std::function<void(Marker&)>& chunk, Marker& marker, double least_s,
               Progress& progress) {
  const Stopwatch watch;
  std::optional<double> last;
  for (;;) {
    stop_if_interrupted();
    progress.phase("warm-up", std::min(1.0, watch.seconds() / least_s));
    chunk(marker);
    const std::optional<double> now = median_cost(marker.take());
    const bool steady = last && now && std::abs(*now / *last - 1) < kSteady;
    const double elapsed = watch.seconds();
    if (elapsed >= least_s && steady)
      return {.steady = true, .seconds = elapsed};
    if (elapsed >= kPatience * least_s && last)
      return {.steady = false, .seconds = elapsed};
    last = now;
  }
}

Sampled sample_loops(Workload& workload, Marker& marker, const SamplePlan& plan,
                     Progress& progress) {
  const int steps = workload.steps();
  Sampled result;
  result.warm_up =
      warm_up([&](Marker&) { run_marked(workload, marker, std::min(steps, kWarmUpSteps)); }, marker,
              plan.warmup_s, progress);
  if (plan.on_steady)
    plan.on_steady();

  std::vector<double> ahead;
  const Stopwatch watch;
  int loop = 0;
  for (; loop < plan.loops || watch.seconds() < plan.loop_time_s; ++loop) {
    const double by_time = plan.loop_time_s > 0 ? watch.seconds() / plan.loop_time_s : 1;
    progress.phase("samples", std::min(static_cast<double>(loop) / plan.loops, by_time));
    run_marked(workload, marker, steps, /*heeds_signals=*/true);
    const std::vector<Span> spans = marker.take();
    const Clock::time_point taken = Clock::now();
    if (const auto steps_ahead = steps_ahead_in(spans, marker))
      ahead.push_back(*steps_ahead);
    for (int step = 0; step < steps; ++step) {
      const Span& span = spans[static_cast<std::size_t>(step)];
      if (span.valid)
        result.samples.push_back({.span = span, .loop = loop, .step = step});
      else
        ++result.dropped;
    }
    if (!result.samples.empty()) {
      // A mark is reached before the host knows: the earliest that any loop says is the best.
      const Span &first = result.samples.front().span, &last = result.samples.back().span;
      const std::chrono::duration<double> since(last.start_s + last.t_s - first.start_s);
      result.first_sample =
          std::min(result.first_sample, taken - std::chrono::duration_cast<Clock::duration>(since));
    }
  }
  result.seconds = watch.seconds();
  if (!ahead.empty())
    result.steps_ahead = stats::median(ahead);
  refuse_dropped(result.dropped, loop * steps);
  return result;
}

double steps_ahead(double enqueue_s, double device_s, int steps) {
  return steps * (1 - enqueue_s / device_s);
}

bool waits_for_host(const Sampled& sampled) {
  return sampled.steps_ahead && *sampled.steps_ahead < kAhead;
}

void refuse_dropped(int dropped, int total) {
  if (dropped * 100 > total)
    throw InvalidError(fmt::format("{} of {} samples have stamps that contradict each other (an SM "
                                   "missing or seen twice): does another process use this GPU?",
                                   dropped, total));
}

} // namespace bench::measure
