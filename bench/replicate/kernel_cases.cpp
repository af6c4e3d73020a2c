#include <bench/kernel_bench/driver.h>
#include <bench/replicate/case_results.h>
#include <bench/replicate/state_watch.h>

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

namespace bench::replicate {
namespace {

results::CaseResult to_result(const kernel_bench::Outcome& outcome, const Bench& bench) {
  results::CaseResult result = begin_result(*outcome.work, "kernel");
  const auto& kernel = std::get<scenario::KernelCase>(outcome.work->work);
  result.parameters = {
      {"family", kernel.family},
      {"rows", fmt::format("{}", kernel.shape.rows)},
      {"width", fmt::format("{}", kernel.shape.width)},
      {"dtype", std::string(to_string(kernel.shape.dtype))},
      {"path", kernel.path},
      {"buffer_sets", fmt::format("{}", outcome.sets)},
      {"launches_per_region",
       outcome.samples.empty() ? "0" : fmt::format("{}", outcome.samples.front().launches)}};
  note_plugins(result, {kernel.path});
  result.phases_s = {{"buffers", outcome.prepare_s},
                     {"capture", outcome.capture_s},
                     {"warmup", outcome.warm_up.seconds},
                     {"samples", outcome.samples_s},
                     {"check", outcome.check_s}};
  if (outcome.error) {
    set_failure(result, outcome.error);
    return result;
  }
  results::Replicate replicate = begin_replicate(bench);
  const double origin_s = outcome.samples.front().span.start_s;
  for (const kernel_bench::RegionSample& s : outcome.samples)
    add_sample(replicate.samples, s.span.start_s - origin_s, s.launch_s(), s.span.f_hz, s.placement,
               s.region);
  result.replicates.push_back(std::move(replicate));
  if (!outcome.warm_up.steady)
    result.message = "the launch time was still moving when the warm-up was given up";
  if (outcome.displaced_bytes > 0)
    add_message(result,
                fmt::format("{:.1f} GiB of its buffers had no room at its places: where they lie "
                            "is up to each process and worth up to 0.8 %",
                            static_cast<double>(outcome.displaced_bytes) / (1 << 30)));
  result.check.finite = outcome.accuracy.finite;
  result.check.checksum = outcome.digest.checksum;
  if (outcome.accuracy.finite) {
    result.check.rms = outcome.digest.rms;
    result.check.max_abs_error = outcome.accuracy.max_abs_error;
    result.check.max_ulp = outcome.accuracy.max_ulp;
    result.check.exact_share = outcome.accuracy.exact_share;
  } else {
    result.status = results::CaseStatus::invalid;
    result.message = "the output is not finite where the fp64 result is: its speed means nothing";
  }
  result.reference.copy_t_s = outcome.copy_s;
  result.bytes = outcome.bytes;
  result.flop = outcome.flop;
  set_kernels(result, outcome.kernels);
  result.peak_memory_bytes = outcome.peak_memory;
  return result;
}

/// Each kernel case with every arm, in an order drawn from the seed.
std::vector<kernel_bench::KernelRun> runs_of(const std::vector<scenario::Case>& cases,
                                             const Arms& arms, std::uint64_t seed) {
  std::vector<kernel_bench::KernelRun> runs;
  std::vector<std::optional<Injection>> of_case = arms.of("kernel");
  std::mt19937_64 random(seed);
  for (const scenario::Case& c : cases) {
    if (c.is_loop())
      continue;
    std::ranges::shuffle(of_case, random);
    for (const std::optional<Injection>& arm : of_case) {
      kernel_bench::KernelRun& one = runs.emplace_back(c);
      if (arm) {
        one.work.id = injected_id(c.id, *arm);
        one.extra_launches = arm->amount;
      }
    }
  }
  return runs;
}

} // namespace

void measure_kernels(const std::vector<scenario::Case>& cases, const Arms& arms, const Bench& bench,
                     const std::vector<std::string>& flags, device::Arena* arena,
                     const Sink& sink) {
  const std::vector<kernel_bench::KernelRun> runs = runs_of(cases, arms, bench.seed);
  if (runs.empty())
    return;
  StateWatch state(
      nvml_device(bench.device)); // no trace: allocations and warm-ups lie between short regions
  results::Replicate watched;     // lends its map: a state spans from one outcome to the next
  state.before(watched);
  kernel_bench::run(runs, bench.sampling, bench.seed, flags, bench.device, arena, bench.progress,
                    [&](kernel_bench::Outcome outcome) {
                      results::CaseResult result = to_result(outcome, bench);
                      const std::string spoiled = state.after(watched);
                      if (!result.replicates.empty()) {
                        result.replicates.front().machine = watched.machine;
                        result.replicates.front().processes = watched.processes;
                      }
                      if (!spoiled.empty() && result.status == results::CaseStatus::ok) {
                        result.status = results::CaseStatus::invalid;
                        result.message = spoiled;
                      }
                      state.before(watched);
                      sink(std::move(result));
                    });
}

} // namespace bench::replicate
