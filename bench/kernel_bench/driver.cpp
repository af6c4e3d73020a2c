#include <bench/base/error.h>
#include <bench/base/stopwatch.h>
#include <bench/kernel_bench/driver.h>
#include <bench/kernel_bench/kernel_work.h>
#include <bench/kernel_bench/places.h>
#include <bench/kernel_bench/rotation.h>
#include <bench/measure/interrupt.h>
#include <bench/stats/summary.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/randn.h>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace bench::kernel_bench {
namespace {

constexpr int kWarmUpRegions = 5; // in one chunk of the warm-up
constexpr int kCopyRegions = 9;

/// The buffers of the largest kernel of our scenarios, and the fp64 ones of its check, take 4 GB,
/// those of the largest loop (FLUX.2-dev, batch 4) 3.5.
constexpr std::int64_t kArenaBytes = std::int64_t{6} << 30;

/// Runs `f` and adds its host seconds to `total`.
template <typename F>
auto timed(double& total, F&& f) {
  struct Stop {
    double& total;
    Stopwatch watch{};
    ~Stop() { total += watch.seconds(); }
  } stop{total};
  return f();
}

/// Google Benchmark's own console is replaced by the harness's progress and table.
class Silent final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

/// Leaves a repetition out. Google Benchmark ends the process when repetitions of a benchmark
/// differ in iterations, and one left out before its first counts none unless its loop is begun.
void skip(benchmark::State& state, const char* why) {
  state.SkipWithError(why);
  if (state.iterations() == 0)
    for (auto _ : state) {
    }
}

/// Launches recorded into replays of a length worth timing.
class TimedRegion {
 public:
  TimedRegion(device::Device& device, const std::function<void(int)>& launch, int sets,
              double least_s, double extra_launches = 0)
      : recording_(record(device, launch, sets, sets)) {
    const auto marker = device.make_marker();
    const auto replay_time = [&] {
      marker->mark();
      recording_->replay();
      marker->mark();
      return marker->take().front().t_s;
    };
    double launch_s = std::numeric_limits<double>::max();
    for (int i = 0; i < 3; ++i)
      launch_s = std::min(launch_s, replay_time() / sets);
    region_ = region_for(std::max(launch_s, 1e-7), least_s, sets, extra_launches);
    if (region_.launches != sets) {
      recording_.reset(); // its memory first
      recording_ = record(device, launch, sets, region_.launches);
    }
    if (region_.extra > 0)
      extra_ = record(device, launch, sets, region_.extra);
  }

  void enqueue() {
    for (int i = 0; i < region_.replays; ++i)
      recording_->replay();
    if (extra_)
      extra_->replay();
  }
  int launches() const { return region_.total(); }
  device::KernelCounts kernels_of_a_launch() const {
    device::KernelCounts counts = recording_->kernels();
    for (auto& [name, count] : counts)
      count /= region_.launches;
    return counts;
  }

 private:
  static std::unique_ptr<device::Recording>
  record(device::Device& device, const std::function<void(int)>& launch, int sets, int launches) {
    return device.record([launch, sets, launches] {
      for (int i = 0; i < launches; ++i)
        launch(i % sets);
    });
  }

  std::unique_ptr<device::Recording> recording_;
  std::unique_ptr<device::Recording> extra_; ///< null where there is no known change
  Region region_;
};

measure::Span time_region(TimedRegion& region, measure::Marker& marker) {
  marker.mark();
  region.enqueue();
  marker.mark();
  return marker.take().front();
}

/// Of `bytes` bytes read and written together, rotating as a kernel of as many does.
double copy_time(std::int64_t bytes, device::Device& device, int sets, double least_s) {
  const auto options = at::TensorOptions().device(device.torch_device()).dtype(at::kBFloat16);
  const at::Tensor from = at::randn({sets, std::max<std::int64_t>(bytes / 4, 1)}, options);
  const at::Tensor to = at::empty_like(from);
  TimedRegion region(device, [&](int set) { to[set].copy_(from[set]); }, sets, least_s);
  const auto marker = device.make_marker();
  std::vector<double> times;
  for (int i = 0; i < kCopyRegions; ++i)
    if (const measure::Span span = time_region(region, *marker); span.valid)
      times.push_back(span.t_s / region.launches());
  if (times.empty())
    throw InvalidError("the copy beside it could not be timed: stamps contradict each other");
  return stats::median(times);
}

class Driver {
 public:
  Driver(const scenario::Sampling& sampling, std::uint64_t seed, device::Device& device,
         device::Arena* arena, measure::Progress& progress)
      : sampling_(sampling), seed_(seed), device_(device), progress_(progress), arena_(arena),
        least_s_(device.kind() == scenario::DeviceKind::cuda ? 0.02 : 0.002),
        marker_(device.make_marker()) {}

  /// One repetition: fresh buffers, warm-up, sampling.regions iterations of one region each.
  void repetition(benchmark::State& state, Outcome& outcome, double extra_launches) {
    const int placement = placements_[outcome.work]++;
    try {
      measure(state, outcome, placement, extra_launches);
    } catch (const measure::Interrupted&) {
      outcome.work = nullptr; // half a case is none
      skip(state, "interrupted");
    } catch (const std::exception& e) {
      if (!outcome.error) // of several placements the first tells most
        outcome.error = std::current_exception();
      skip(state, e.what());
    }
  }

 private:
  void measure(benchmark::State& state, Outcome& outcome, int placement, double extra_launches) {
    const auto& kernel = std::get<scenario::KernelCase>(outcome.work->work);
    if (measure::interrupted())
      throw measure::Interrupted{};
    device_.take_peak_memory();
    const int sets = sets_for(footprint(kernel), bytes_between(device_));
    progress_.phase("buffers");
    if (!arena_) {
      own_arena_ = device_.make_arena(kArenaBytes); // throws why there is none
      arena_ = own_arena_.get();
    }
    if (placement == 0)
      outcome.copy_s = timed(outcome.prepare_s, [&] { return copy_of(footprint(kernel)); });
    device_.release_reserves();
    const auto place = arena_->place(places_of(kernel, placement + 1).back());
    const auto work = timed(outcome.prepare_s, [&] {
      return make_work(kernel, sets, seed_ + static_cast<std::uint64_t>(placement), device_,
                       arena_->bytes());
    });
    progress_.phase("capture");
    auto region = timed(outcome.capture_s, [&] {
      return TimedRegion(
          device_, [&](int set) { work->launch(set); }, sets, least_s_, extra_launches);
    });
    const auto chunk = [&](measure::Marker& m) {
      m.mark();
      for (int i = 0; i < kWarmUpRegions; ++i) {
        region.enqueue();
        m.mark();
      }
    };
    if (placement == 0) {
      outcome.warm_up = measure::warm_up(chunk, *marker_,
                                         std::min(sampling_.warmup_s, kLongestWarmUp), progress_);
    } else { // the clock is warm, this memory is not
      region.enqueue();
      device_.synchronize();
    }

    const Stopwatch watch;
    int dropped = 0, done = 0;
    for (auto _ : state) {
      progress_.phase("samples", static_cast<double>(done) / sampling_.regions_per_placement());
      if (measure::interrupted())
        throw measure::Interrupted{};
      const measure::Span span = time_region(region, *marker_);
      const RegionSample sample{
          .span = span, .launches = region.launches(), .placement = placement, .region = done};
      state.SetIterationTime(span.valid ? sample.launch_s() : 0);
      if (span.valid)
        outcome.samples.push_back(sample);
      else
        ++dropped;
      ++done;
    }
    outcome.samples_s += watch.seconds();
    measure::refuse_dropped(dropped, done);
    outcome.displaced_bytes = std::max(outcome.displaced_bytes, place->displaced_bytes());

    if (placement == 0) { // the others' input only has another seed
      progress_.phase("check");
      timed(outcome.check_s, [&] {
        outcome.accuracy = work->accuracy();
        outcome.digest = work->digest();
      });
    }
    outcome.sets = sets;
    outcome.bytes = work->bytes();
    outcome.flop = work->flop();
    outcome.kernels = region.kernels_of_a_launch();
    outcome.peak_memory = std::max(outcome.peak_memory, device_.take_peak_memory());
    state.counters["bytes_per_second"] =
        benchmark::Counter(outcome.bytes * static_cast<double>(done), benchmark::Counter::kIsRate);
    state.counters["max_ulp"] = outcome.accuracy.max_ulp;
    state.counters["exact_share"] = outcome.accuracy.exact_share;
    state.counters["copy_time_ns"] = outcome.copy_s * 1e9;
  }

  /// Timed once a process: what is held against it, all paths of a shape, is held against the same.
  double copy_of(std::int64_t bytes) {
    const auto [copy, is_new] = copies_.try_emplace(bytes, 0);
    if (is_new)
      try {
        copy->second = copy_time(bytes, device_, sets_for(bytes, bytes_between(device_)), least_s_);
      } catch (...) {
        copies_.erase(copy);
        throw;
      }
    return copy->second;
  }

  scenario::Sampling sampling_;
  std::uint64_t seed_;
  device::Device& device_;
  measure::Progress& progress_;
  std::unique_ptr<device::Arena> own_arena_;
  device::Arena* arena_;
  double least_s_;                          // of a region
  std::unique_ptr<measure::Marker> marker_; // one for all repetitions: their starts share an origin
  std::map<const scenario::Case*, int> placements_;
  std::map<std::int64_t, double> copies_; ///< seconds, by bytes
};

void parse_flags(const std::vector<std::string>& flags, int placements) {
  // A placement is a repetition to Google Benchmark; its own flag, coming later, wins.
  std::vector<std::string> words{"bench", fmt::format("--benchmark_repetitions={}", placements)};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  if (argc > 1)
    throw UsageError(
        fmt::format("{}: not a flag of Google Benchmark; what follows `--` goes to it", argv[1]));
}

} // namespace

std::unique_ptr<device::Arena> make_arena(device::Device& device) {
  try {
    return device.make_arena(kArenaBytes);
  } catch (const UnavailableError&) { // each case will say so
    return nullptr;
  }
}

void run(const std::vector<KernelRun>& runs, const scenario::Sampling& sampling, std::uint64_t seed,
         const std::vector<std::string>& flags, device::Device& device, device::Arena* arena,
         measure::Progress& progress, const std::function<void(Outcome)>& sink) {
  parse_flags(flags, sampling.placements);
  Driver driver(sampling, seed, device, arena, progress);
  benchmark::ClearRegisteredBenchmarks();

  // A case ends when Google Benchmark goes on to the next one: it alone knows its filter and
  // repetitions. What the sink throws must not pass through the library.
  Outcome current;
  std::exception_ptr sink_error;
  const auto finish = [&] {
    if (!current.work)
      return;
    device.release_reserves();
    try {
      sink(std::exchange(current, {}));
    } catch (...) {
      sink_error = std::current_exception();
    }
  };
  const auto stopping = [&] { return sink_error || measure::interrupted(); };
  const auto repetition = [&](benchmark::State& state, const KernelRun& one) {
    if (current.work != &one.work && !stopping())
      finish();
    if (stopping())
      return skip(state, "the run ends early");
    if (current.work != &one.work) {
      current.work = &one.work;
      progress.begin(one.work.id);
    }
    driver.repetition(state, current, one.extra_launches);
  };
  for (const KernelRun& one : runs)
    benchmark::RegisterBenchmark(
        one.work.id.c_str(),
        [&repetition, &one](benchmark::State& state) { repetition(state, one); })
        ->UseManualTime()
        ->Iterations(sampling.regions_per_placement())
        ->Unit(benchmark::kMicrosecond);
  Silent silent;
  benchmark::RunSpecifiedBenchmarks(&silent);
  benchmark::ClearRegisteredBenchmarks();
  if (!sink_error)
    finish();
  if (sink_error)
    std::rethrow_exception(sink_error);
  if (measure::interrupted())
    throw measure::Interrupted{};
}

} // namespace bench::kernel_bench
