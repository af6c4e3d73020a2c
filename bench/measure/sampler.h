#pragma once

#include <bench/measure/marker.h>
#include <bench/measure/progress.h>
#include <bench/measure/workload.h>

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace bench::measure {

/// One timed step.
struct Sample {
  Span span;
  int loop = 0; ///< which loop, from 0
  int step = 0; ///< which step of its loop, from 0
};

/// Enqueues a fresh loop of `workload` and `steps` steps of it, from the first one again behind the
/// last, with a mark before and behind each. Throws Interrupted between steps, where a signal asks
/// to end and `heeds_signals` says so.
void run_marked(Workload& workload, Marker& marker, int steps, bool heeds_signals = false);

/// How a warm-up went.
struct WarmUp {
  bool steady = true; ///< false: given up while the times were still moving
  double seconds = 0; ///< on the host's clock
};

/// Repeats `chunk`, which enqueues marked work, until it is steady: the median cycles of two
/// successive chunks (seconds, where there is no clock) lie within 0.5 % and at least `least_s`
/// seconds have passed. Given up after five times as long. Throws Interrupted when a signal asks to
/// end.
WarmUp warm_up(const std::function<void(Marker&)>& chunk, Marker& marker, double least_s,
               Progress& progress);

struct Sampled {
  std::vector<Sample> samples;
  int dropped = 0; ///< spans whose marks contradicted each other
  WarmUp warm_up;
  double seconds = 0; ///< spent on the samples, on the host's clock
  /// When the first sample began on the host's clock, which is what relates the marks' clock to it;
  /// late by what it takes to learn that a loop has ended, milliseconds at most.
  std::chrono::steady_clock::time_point first_sample = std::chrono::steady_clock::time_point::max();
  /// steps_ahead() of the median loop; none where the marker does not know.
  std::optional<double> steps_ahead;
};

/// How many of the `steps` of a loop the device had still to do when the host, in `enqueue_s`
/// seconds, had enqueued them all; the loop took the device `device_s`.
double steps_ahead(double enqueue_s, double device_s, int steps);

/// The device did each step as soon as the host had enqueued it, and idled between. Not so a device
/// whose host takes as long as it does because the driver's queue, of about a thousand launches, is
/// full: then the host is about a step ahead.
bool waits_for_host(const Sampled& sampled);

/// How much is sampled.
struct SamplePlan {
  int loops = 1;                     ///< whole loops, at least
  double loop_time_s = 0;            ///< and until so many seconds were sampled
  double warmup_s = 0;               ///< at least, before them
  std::function<void()> on_steady{}; ///< called between warm-up and samples
};

/// Warms `workload` up, then times whole loops of it: one mark between steps and no other wait
/// inside a loop. Throws Interrupted when a signal asks to end,
/// InvalidError when more than 1 % of the samples had to be dropped.
Sampled sample_loops(Workload& workload, Marker& marker, const SamplePlan& plan,
                     Progress& progress);

/// Throws InvalidError when more than 1 % of `total` samples were dropped.
void refuse_dropped(int dropped, int total);

} // namespace bench::measure
