#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/cli/case_results.h>
#include <bench/cli/loop_setup.h>
#include <bench/cli/worker_setup.h>
#include <bench/device/kernel_name.h>
#include <bench/kernel_bench/kernel_work.h>
#include <bench/kernel_bench/rotation.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/sampler.h>
#include <bench/profile/activity.h>
#include <bench/profile/aggregate.h>
#include <bench/profile/chrome_trace.h>
#include <bench/profile/range_profiler.h>
#include <bench/stats/summary.h>

#include <ATen/core/Tensor.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

namespace bench::cli {
namespace {

constexpr int kSteps = 8;             // of a loop that are profiled
constexpr int kLaunches = 100;        // of a kernel, at least
constexpr int kTracedLaunches = 8;    // of a kernel that go into the trace
constexpr int kWarmUpSteps = 10;      // in one chunk of the warm-up
constexpr double kKernelWarmUp = .25; // seconds

using results::KernelProfile;

/// Runs cases once more, under CUPTI.
class ProfilePass {
 public:
  explicit ProfilePass(const Bench& bench)
      : bench_(bench), models_(bench.device), marker_(bench.device.make_marker()),
        injector_(bench.device, *marker_, bench.progress) {
    if (bench.device.kind() != scenario::DeviceKind::cuda)
      fault_ = "no kernels on a CPU: CUPTI sees what runs on a GPU";
    else if (activity_.emplace(); !activity_->fault().empty())
      fault_ = activity_->fault();
  }

  void begin_case() { injector_.begin_case(); }

  results::CaseResult measure(const scenario::Case& c, const std::optional<Injection>& injection) {
    const bool is_loop = std::holds_alternative<scenario::LoopCase>(c.work);
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
    const engines::Engine& engine = usable_engine(loop, bench_.device);
    bench_.progress.phase("weights");
    models::Denoiser& network = models_.get(loop.model);
    network.use(loop.paths);
    bench_.progress.phase("capture");
    models::DenoiseLoop denoise(network, loop.model, loop.spec, bench_.device);
    injector_.inject(injection, engine, denoise);
    const auto prepared = engine.prepare(denoise, bench_.device);
    const auto run = [&](int steps) {
      prepared->begin();
      marker_->mark();
      for (int i = 0; i < steps; ++i) {
        prepared->step(i % prepared->steps());
        marker_->mark();
      }
    };
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
    models_.drop();
    results::CaseResult ignored;
    const auto client = start_worker(loop, bench_, ignored);
    load_worker(*client, loop, bench_, ignored);
    const auto run = [&](int steps) {
      client->begin();
      client->mark();
      for (int i = 0; i < steps; ++i) {
        client->step(i % client->steps());
        client->mark();
      }
    };
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
    const kernel_bench::Rotation rotation =
        kernel_bench::rotation_for(kernel_bench::footprint(kernel), bench_.device.l2_bytes());
    bench_.progress.phase("buffers");
    const auto work = kernel_bench::make_work(kernel, rotation.sets, bench_.seed, bench_.device);
    const int launches = (kLaunches + rotation.sets - 1) / rotation.sets * rotation.sets;
    bench_.progress.phase("capture");
    const auto recording = bench_.device.record([&] {
      for (int i = 0; i < launches; ++i)
        work->launch(i % rotation.sets);
    });
    const auto run = [&] {
      marker_->mark();
      recording->replay();
      marker_->mark();
    };
    profile::Activity::Taken taken =
        record(run, run, std::min(bench_.sampling.warmup_s, kKernelWarmUp));
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
  ModelCache models_;
  std::unique_ptr<measure::Marker> marker_;
  Injector injector_;
  std::vector<measure::Span> spans_, plain_spans_; ///< under CUPTI, and while it slept
  profile::ChromeTrace trace_;
  profile::Records launch_;
};

/// A kernel case with its table, whose counters are still to come.
struct Uncounted {
  const scenario::Case* work;
  results::CaseResult result;
  profile::Records launch;
};

/// Adds what the GPU counted while each kernel of a launch ran to its row of the table.
void add_counters(Uncounted& c, profile::RangeProfiler& profiler, const Bench& bench) {
  KernelProfile& profile = *c.result.profile;
  const auto& kernel = std::get<scenario::KernelCase>(c.work->work);
  const kernel_bench::Rotation rotation =
      kernel_bench::rotation_for(kernel_bench::footprint(kernel), bench.device.l2_bytes());
  const auto work = kernel_bench::make_work(kernel, rotation.sets, bench.seed, bench.device);
  const auto rotate = [&] { // set 0 lies then where it would in the timed rotation
    for (int i = 0; i < rotation.sets; ++i)
      work->launch(i);
    bench.device.synchronize();
  };
  const auto launch = [&] {
    work->launch(0);
    bench.device.synchronize();
  };
  rotate(); // modules are loaded by the first launch
  const profile::RangeProfiler::Counted counted = profiler.count(rotate, launch);
  std::vector<std::ptrdiff_t> rows;
  for (const profile::Record& r : c.launch)
    if (r.name != device::kMemcpyName && r.name != device::kMemsetName) // no kernels, not counted
      rows.push_back(profile::row_of(profile, r));
  std::string fault = counted.fault;
  if (fault.empty() && counted.kernels.size() != rows.size())
    fault = fmt::format("{} kernels were counted, a launch has {}", counted.kernels.size(),
                        rows.size());
  if (!fault.empty()) {
    if (profile.message.empty())
      profile.message = "no counters: " + fault;
    return;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    results::ProfiledKernel& row = profile.kernels[static_cast<std::size_t>(rows[i])];
    const auto share = 1 / static_cast<double>(row.launches);
    results::Counters& sum = row.counters ? *row.counters : row.counters.emplace();
    sum.dram_read_bytes += share * counted.kernels[i].dram_read_bytes;
    sum.dram_written_bytes += share * counted.kernels[i].dram_written_bytes;
    sum.l2_hit_rate += share * counted.kernels[i].l2_hit_rate;
    sum.tensor_utilization += share * counted.kernels[i].tensor_utilization;
  }
}

void count_all(std::vector<Uncounted> cases, const Bench& bench, const Sink& sink) {
  std::optional<profile::RangeProfiler> profiler;
  if (!cases.empty())
    profiler.emplace();
  for (Uncounted& c : cases) {
    if (measure::interrupted())
      throw measure::Interrupted{};
    bench.progress.begin(c.result.id);
    bench.progress.phase("counters");
    try {
      add_counters(c, *profiler, bench);
    } catch (const std::exception& e) {
      c.result.profile->message = fmt::format("no counters: {}", e.what());
    }
    bench.device.release_reserves();
    sink(std::move(c.result));
  }
}

} // namespace

void profile_cases(const std::vector<scenario::Case>& cases,
                   const std::vector<std::optional<Injection>>& arms, const Bench& bench,
                   const std::filesystem::path& trace, const Sink& sink) {
  std::vector<Uncounted> uncounted;
  {
    ProfilePass pass(bench);
    const auto one = [&](const scenario::Case& c, const std::optional<Injection>& arm) {
      if (measure::interrupted())
        throw measure::Interrupted{};
      bench.progress.begin(arm ? injected_id(c.id, *arm) : c.id);
      results::CaseResult result = pass.measure(c, arm);
      if (std::holds_alternative<scenario::KernelCase>(c.work) && !result.profile->kernels.empty())
        uncounted.push_back({.work = &c, .result = std::move(result), .launch = pass.launch()});
      else
        sink(std::move(result));
    };
    for (const scenario::Case& c : cases) {
      pass.begin_case();
      if (std::holds_alternative<scenario::KernelCase>(c.work))
        one(c, std::nullopt);
      else
        for (const std::optional<Injection>& arm : arms)
          one(c, arm);
    }
    if (!trace.empty() && !pass.trace().empty())
      write_file_atomically(trace, pass.trace().text());
  }
  count_all(std::move(uncounted), bench, sink); // only now: the two kinds of CUPTI do not mix
}

} // namespace bench::cli
