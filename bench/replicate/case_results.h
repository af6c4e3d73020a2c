#pragma once

#include <bench/device/device.h>
#include <bench/measure/progress.h>
#include <bench/measure/sampler.h>
#include <bench/replicate/injection.h>
#include <bench/results/result.h>
#include <bench/scenario/scenario.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Measuring cases on an open device, each into the result's form.
namespace bench::replicate {

/// What a run gives to every case.
struct Bench {
  device::Device& device;
  scenario::Sampling sampling;
  std::uint64_t seed = 0; ///< of the input of kernels and the order of loops' arms
  measure::Progress& progress;
  std::filesystem::path save_latents = {};  ///< folder that each loop's latents go to; "": none
  std::filesystem::path scenario_file = {}; ///< beside which the scripts of workers may lie
};

using Sink = std::function<void(results::CaseResult)>;

/// Times the anchors of these cases, ids `<scenario>/anchor/<name>`, and hands each on.
void measure_anchors(std::string_view scenario, const std::vector<scenario::Case>& cases,
                     const Bench& bench, const Sink& sink);

/// Measures the loop cases among `cases` in order, workers' last, and hands each on when it is
/// done; a case that fails is handed on with its message. Each case is measured with every arm of
/// loops, in an order drawn from the seed. Their buffers lie at the beginning of `arena`; without
/// one (nullptr) anywhere, which each case says. Adds "weights" and "reference" to `phases_s`.
/// Throws measure::Interrupted.
void measure_loops(const std::vector<scenario::Case>& cases, const Arms& arms, const Bench& bench,
                   std::unique_ptr<device::Arena> arena, std::map<std::string, double>& phases_s,
                   const Sink& sink);

/// The same for the kernel cases, in `arena` (kernel_bench::run()); `flags` are Google Benchmark's.
void measure_kernels(const std::vector<scenario::Case>& cases, const Arms& arms, const Bench& bench,
                     const std::vector<std::string>& flags, device::Arena* arena, const Sink& sink);

/// Runs the cases once more under CUPTI and hands each on with its profile and nothing else; one
/// that cannot be profiled says why in there. For a process in which nothing is timed. `trace`:
/// file for about one sample of each, in Chrome's format; "": none. Throws measure::Interrupted.
void profile_cases(const std::vector<scenario::Case>& cases, const Arms& arms, const Bench& bench,
                   const std::filesystem::path& trace, const Sink& sink);

/// What every case's result has in common: identity, gate, status ok.
results::CaseResult begin_result(const scenario::Case& c, std::string_view kind);

/// One replicate, of this process, without samples.
results::Replicate begin_replicate(const Bench& bench);

void add_sample(results::Samples& samples, double start_s, double t_s, double f_hz, int loop,
                int step);

/// Sets the kernels of a sample and, where they are known, how many launches they are in all.
void set_kernels(results::CaseResult& result, device::KernelCounts kernels);

/// Notes for each of these paths that a plug-in brought which file, and its digest.
void note_plugins(results::CaseResult& result, const std::vector<std::string>& paths);

/// One more thing to know of a case: behind what its message says already.
void add_message(results::CaseResult& result, std::string_view text);

/// Notes, where the device waited for the host while a loop was sampled, that it did.
void note_waits_for_host(results::CaseResult& loop, const measure::Sampled& sampled);

/// Sets status and message from an exception: unavailable, invalid, or failed; one line.
void set_failure(results::CaseResult& result, std::exception_ptr error);

} // namespace bench::replicate
