#include <bench/device/kernel_name.h>
#include <bench/kernel_bench/kernel_work.h>
#include <bench/kernel_bench/rotation.h>
#include <bench/measure/interrupt.h>
#include <bench/profile/aggregate.h>
#include <bench/profile/range_profiler.h>
#include <bench/replicate/count_cases.h>
#include <bench/replicate/loop_setup.h>

#include <ATen/core/Tensor.h>

#include <fmt/format.h>

#include <exception>
#include <optional>

namespace bench::replicate {
namespace {

using results::KernelProfile;

/// Adds what the GPU counted while each kernel of a launch ran to its row of the table. "" or why
/// not.
std::string count_kernels(Uncounted& c, profile::RangeProfiler& profiler, const Bench& bench) {
  KernelProfile& profile = *c.result.profile;
  const auto& kernel = std::get<scenario::KernelCase>(c.work->work);
  const int sets = kernel_bench::sets_for(kernel_bench::footprint(kernel),
                                          kernel_bench::bytes_between(bench.device));
  const auto work = kernel_bench::make_work(kernel, sets, bench.seed, bench.device);
  const auto rotate = [&] { // set 0 lies then where it would in the timed rotation
    for (int i = 0; i < sets; ++i)
      work->launch(i);
    bench.device.synchronize();
  };
  const auto launch = [&] {
    work->launch(0);
    bench.device.synchronize();
  };
  rotate(); // modules are loaded by the first launch
  const profile::RangeProfiler::Counted counted = profiler.count(rotate, launch);
  if (!counted.fault.empty())
    return counted.fault;
  std::vector<std::ptrdiff_t> rows;
  for (const profile::Record& r : c.launch)
    if (r.name != device::kMemcpyName && r.name != device::kMemsetName) // no kernels, not counted
      rows.push_back(profile::row_of(profile, r));
  if (counted.kernels.size() != rows.size())
    return fmt::format("{} kernels were counted, a launch has {}", counted.kernels.size(),
                       rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    results::ProfiledKernel& row = profile.kernels[static_cast<std::size_t>(rows[i])];
    const auto share = 1 / static_cast<double>(row.launches);
    results::Counters& sum = row.counters ? *row.counters : row.counters.emplace();
    sum.dram_read_bytes += share * counted.kernels[i].dram_read_bytes;
    sum.dram_written_bytes += share * counted.kernels[i].dram_written_bytes;
    sum.l2_hit_rate += share * counted.kernels[i].l2_hit_rate;
    sum.tensor_utilization += share * counted.kernels[i].tensor_utilization;
  }
  return "";
}

/// The same of a step of a loop as a whole.
std::string count_step(Uncounted& c, profile::RangeProfiler& profiler, LoopMaker& loops,
                       const Bench& bench) {
  const auto& loop = std::get<scenario::LoopCase>(c.work->work);
  if (loop.worker)
    return "the step of a worker runs in another process, whose kernels only that could count";
  const ReadyLoop ready = loops.make(loops.network(loop), loop, c.injection);
  bench.progress.phase("counters");
  const auto step = [&](int index) {
    ready.prepared->step(index % ready.prepared->steps());
    bench.device.synchronize();
  };
  const auto first = [&] { // every pass sees the same step of the same loop
    ready.prepared->begin();
    step(0);
  };
  first(); // modules are loaded by the first launch
  const profile::RangeProfiler::Whole whole = profiler.count_whole(first, [&] { step(1); });
  c.result.profile->counters = whole.counters;
  return whole.fault;
}

} // namespace

void count_cases(std::vector<Uncounted> cases, const Bench& bench, const Sink& sink,
                 const std::function<profile::Cupti()>& open) {
  std::optional<profile::RangeProfiler> profiler;
  std::optional<LoopMaker> loops;
  const scenario::Case* last = nullptr;
  bool interrupted = false;
  for (Uncounted& c : cases) {
    interrupted = interrupted || measure::interrupted();
    if (!interrupted && !profiler)
      profiler.emplace(open());
    std::string fault = interrupted ? "interrupted" : profiler->fault();
    if (fault.empty()) {
      bench.progress.begin(c.result.id);
      bench.progress.phase("counters");
      try {
        if (!c.work->is_loop()) {
          fault = count_kernels(c, *profiler, bench);
        } else {
          if (!loops)
            loops.emplace(bench.device, nullptr, bench.progress);
          if (c.work != last)
            loops->begin_case();
          last = c.work;
          fault = count_step(c, *profiler, *loops, bench);
        }
      } catch (const measure::Interrupted&) {
        interrupted = true;
        fault = "interrupted";
      } catch (...) {
        results::CaseResult failure;
        set_failure(failure, std::current_exception());
        fault = failure.message;
      }
    }
    if (!fault.empty())
      c.result.profile->counters_message = "no counters: " + fault;
    bench.device.release_reserves();
    sink(std::move(c.result));
  }
  if (interrupted)
    throw measure::Interrupted{};
}

} // namespace bench::replicate
