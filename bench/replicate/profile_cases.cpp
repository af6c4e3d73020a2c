#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/kernel_bench/kernel_work.h>
#include <bench/kernel_bench/rotation.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/sampler.h>
#include <bench/profile/activity.h>
#include <bench/profile/aggregate.h>
#include <bench/profile/chrome_trace.h>
#include <bench/replicate/case_results.h>
#include <bench/replicate/count_cases.h>
#include <bench/replicate/loop_setup.h>
#include <bench/replicate/worker_setup.h>
#include <bench/stats/summary.h>

#include <ATen/core/Tensor.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

namespace bench::replicate {
namespace {

constexpr int kSteps = 8;                       // of a loop that are profiled
constexpr int kLaunches = 100;                  // of a kernel, at least
constexpr int kTracedLaunches = 8;              // of a kernel that go into the trace
constexpr int kWarmUpSteps = 10;                // in one chunk of the warm-up
constexpr double kKernelWarmUp = .25;           // seconds
constexpr std::int64_t kHeadStart = 10'000'000; // cycles, about 5 ms

using results::KernelProfile;

/// Runs cases once more, under CUPTI.
class ProfilePass {
 public:
  explicit ProfilePass(const Bench& bench)
      : bench_(bench), loops_(bench.device, nullptr, bench.progress),
        marker_(bench.device.make_marker()) {
    if (bench.device.kind() != scenario::DeviceKind::cuda)
      fault_ = "no kernels on a CPU: CUPTI sees what runs on a GPU";
    else if (activity_.emplace(); !activity_->fault().empty())
      fault_ = activity_->fault();
  }

  void begin_case() { loops_.begin_case(); }

  results::CaseResult measure(const scenario::Case& c, const std::optional<Injection>& injection) {
    const bool is_loop = c.is_loop();
    results::CaseResult result = begin_result(c, is_loop ? "loop" : "kernel");
    if (injection)
      result.id = injected_id(c.id, *injection);
    result.profile.emplace();
    try {
      if (!fault_.empty())
        result.profile->message = fault_;
      else
        result.profile = is_loop ? loop(std::get<scenario::LoopCase>(c.work),
                                        injection.value_or(Injection{}), result.id)
                                 : kernel(std::get<scenario::KernelCase>(c.work), result.id);
      if (result.profile->source.empty() && activity_)
        result.profile->source = activity_->source();
    } catch (const measure::Interrupted&) {
      throw;
    } catch (...) {
      results::CaseResult failure;
      set_failure(failure, std::current_exception());
      result.profile->message = failure.message;
    }
    bench_.device.release_reserves();
    return result;
  }

  const profile::ChromeTrace& trace() const { return trace_; }

  /// What the last kernel case launched, in order.
  const profile::Records& launch() const { return launch_; }

 private:
  KernelProfile loop(const scenario::LoopCase& loop, const Injection& injection,
                     const std::string& id) {
    if (loop.worker)
      return worker_loop(loop, injection, id);
    const scenario::LoopCase injected = injected_loop(loop, injection);
    const ReadyLoop ready = loops_.make(loops_.network(injected), injected, injection);
    const auto& prepared = ready.prepared;
    const auto run = [&](int steps) { measure::run_marked(*prepared, *marker_, steps); };
    profile::Activity::Taken taken =
        record([&] { run(kSteps + 1); }, [&] { run(std::min(prepared->steps(), kWarmUpSteps)); },
               bench_.sampling.warmup_s);
    const std::vector<profile::Records> samples = profile::split_at_stamps(taken.records);
    KernelProfile profile = table(samples, kSteps + 1, /*are_steps=*/true, taken.fault);
    if (!profile.kernels.empty())
      trace_.add(id, samples.front());
    return profile;
  }

  /// Another process's kernels are out of this one's sight: its own profiler sees them.
  KernelProfile worker_loop(const scenario::LoopCase& loop, const Injection& injection,
                            const std::string& id) {
    if (injection.kind != Injection::Kind::none)
      throw UnavailableError(kNoInjection);
    loops_.give_memory_back();
    results::CaseResult ignored;
    const auto client = start_worker(loop, bench_, ignored);
    load_worker(*client, loop, bench_, ignored);
    const auto run = [&](int steps) { measure::run_marked(*client, *client, steps); };
    const auto plain = [&] {
      run(kSteps + 1);
      return client->take();
    };
    measure::warm_up([&](measure::Marker&) { run(std::min(client->steps(), kWarmUpSteps)); },
                     *client, bench_.sampling.warmup_s, bench_.progress);
    bench_.progress.phase("kernels");
    plain_spans_ = plain();
    workers::ProfiledSteps steps = client->profile(kSteps + 1);
    spans_ = std::move(steps.spans);
    for (const measure::Span& span : plain()) // on both sides: the clock wanders
      plain_spans_.push_back(span);
    const std::vector<profile::Records> samples = profile::split_at_stamps(steps.records);
    KernelProfile profile = table(samples, kSteps + 1, /*are_steps=*/true, "");
    profile.source = steps.source;
    if (!profile.kernels.empty())
      trace_.add(id, samples.front());
    return profile;
  }

  KernelProfile kernel(const scenario::KernelCase& kernel, const std::string& id) {
    const int sets = kernel_bench::sets_for(kernel_bench::footprint(kernel),
                                            kernel_bench::bytes_between(bench_.device));
    bench_.progress.phase("buffers");
    const auto work = kernel_bench::make_work(kernel, sets, bench_.seed, bench_.device);
    const int launches = (kLaunches + sets - 1) / sets * sets;
    bench_.progress.phase("capture");
    const auto recording = bench_.device.record([&] {
      for (int i = 0; i < launches; ++i)
        work->launch(i % sets);
    });
    const auto run = [&] {
      marker_->mark();
      recording->replay();
      marker_->mark();
    };
    // While the device spins the host gets ahead: under CUPTI it takes as long to launch a graph as
    // small kernels take to run, and a region must not begin with that.
    const auto run_at_once = [&] {
      bench_.device.spin(kHeadStart);
      run();
    };
    profile::Activity::Taken taken =
        record(run_at_once, run, std::min(bench_.sampling.warmup_s, kKernelWarmUp));
    const std::vector<profile::Records> region = profile::split_at_stamps(taken.records);
    const std::vector<profile::Records> samples = region.size() == 1
                                                      ? profile::split_evenly(region[0], launches)
                                                      : std::vector<profile::Records>{};
    KernelProfile profile = table(samples, launches, /*are_steps=*/false, taken.fault);
    if (!profile.kernels.empty()) {
      launch_ = samples[0];
      profile::Records traced;
      for (int i = 0; i < kTracedLaunches; ++i)
        traced.insert(traced.end(), samples[static_cast<std::size_t>(i)].begin(),
                      samples[static_cast<std::size_t>(i)].end());
      trace_.add(id, traced);
    }
    return profile;
  }

  /// What `work` runs. Before, `chunk` warms up; beside, `work` runs without the profiler. Leaves
  /// the spans between its marks in either state.
  template <typename Work, typename Chunk>
  profile::Activity::Taken record(const Work& work, const Chunk& chunk, double warm_up_s) {
    activity_->pause();
    measure::warm_up([&](measure::Marker&) { chunk(); }, *marker_, warm_up_s, bench_.progress);
    bench_.progress.phase("kernels");
    const auto run = [&] {
      work();
      return marker_->take(); // waits for the device
    };
    plain_spans_ = run();
    activity_->take(); // what was recorded while the case was made ready
    activity_->resume();
    spans_ = run();
    bench_.device.synchronize();
    profile::Activity::Taken taken = activity_->take();
    activity_->pause();
    for (const measure::Span& span : run()) // on both sides: the clock wanders
      plain_spans_.push_back(span);
    activity_->resume();
    return taken;
  }

  /// Steps have a mark between them, and the first only says where the next one begins. Launches of
  /// a kernel lie between two marks.
  KernelProfile table(const std::vector<profile::Records>& samples, int expected, bool are_steps,
                      const std::string& fault) const {
    KernelProfile profile;
    const bool whole =
        samples.size() == static_cast<std::size_t>(expected) &&
        std::ranges::none_of(samples, [](const profile::Records& s) { return s.empty(); });
    if (whole)
      profile = are_steps ? profile::aggregate(std::span(samples).subspan(1),
                                               profile::end_of(samples.front()))
                          : profile::aggregate(samples, samples.front().front().start_ns);
    else
      profile.message = fmt::format(
          "the profiler's records do not make up the {} samples that ran: no table", expected);
    if (!fault.empty())
      profile.message = fault;
    const auto median = [](const std::vector<measure::Span>& spans, double measure::Span::*what) {
      std::vector<double> values;
      for (const measure::Span& span : spans)
        if (span.valid && !std::isnan(span.*what))
          values.push_back(span.*what);
      return values.empty() ? std::nullopt : std::optional(stats::median(values));
    };
    profile.f_hz = median(spans_, &measure::Span::f_hz);
    // Between the same marks, so that what lies beside the samples does not count as the
    // profiler's.
    const auto traced_s = median(spans_, &measure::Span::t_s),
               plain_s = median(plain_spans_, &measure::Span::t_s);
    if (whole && traced_s && plain_s) {
      const double cost_s = (*traced_s - *plain_s) / (are_steps ? 1 : expected);
      if (cost_s < profile.sample_s)
        profile.plain_sample_s = profile.sample_s - cost_s;
    }
    return profile;
  }

  const Bench& bench_;
  std::optional<profile::Activity> activity_; // from before the first graph is captured
  std::string fault_;                         ///< why nothing is recorded
  LoopMaker loops_;
  std::unique_ptr<measure::Marker> marker_;
  std::vector<measure::Span> spans_, plain_spans_; ///< under CUPTI, and while it slept
  profile::ChromeTrace trace_;
  profile::Records launch_;
};

} // namespace

void profile_cases(const std::vector<scenario::Case>& cases, const Arms& arms, const Bench& bench,
                   const std::filesystem::path& trace, const Sink& sink) {
  std::vector<Uncounted> uncounted;
  {
    ProfilePass pass(bench);
    const auto one = [&](const scenario::Case& c, const std::optional<Injection>& arm) {
      if (measure::interrupted())
        throw measure::Interrupted{};
      bench.progress.begin(arm ? injected_id(c.id, *arm) : c.id);
      results::CaseResult result = pass.measure(c, arm);
      if (!result.profile->kernels.empty())
        uncounted.push_back({.work = &c,
                             .injection = arm.value_or(Injection{}),
                             .result = std::move(result),
                             .launch = c.is_loop() ? profile::Records{} : pass.launch()});
      else
        sink(std::move(result));
    };
    try {
      for (const scenario::Case& c : cases) {
        pass.begin_case();
        for (const std::optional<Injection>& arm : arms.of(c.is_loop() ? "loop" : "kernel"))
          one(c, arm); // of kernels one launch, which is as it is in all arms
      }
    } catch (const measure::Interrupted&) {
      count_cases(std::move(uncounted), bench, sink); // hands on what is there
      throw;
    }
    if (!trace.empty() && !pass.trace().empty())
      write_file_atomically(trace, pass.trace().text());
  }
  count_cases(std::move(uncounted), bench, sink); // only now: the two kinds of CUPTI do not mix
}

} // namespace bench::replicate
