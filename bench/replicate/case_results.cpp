#include <bench/base/error.h>
#include <bench/base/utc.h>
#include <bench/replicate/case_results.h>
#include <kernels/paths.h>

#include <c10/util/Exception.h>

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace bench::replicate {

results::CaseResult begin_result(const scenario::Case& c, std::string_view kind) {
  results::CaseResult result;
  result.id = c.id;
  result.kind = kind;
  result.hash = c.hash;
  result.work_version = c.work_version;
  result.gate_work = c.gate.work;
  return result;
}

results::Replicate begin_replicate(const Bench& bench) {
  results::Replicate replicate;
  replicate.process = getpid();
  replicate.started = utc_now();
  replicate.device_uuid = bench.device.uuid();
  replicate.seed = bench.seed;
  return replicate;
}

void add_sample(results::Samples& samples, double start_s, double t_s, double f_hz, int loop,
                int step) {
  samples.start_s.push_back(start_s);
  samples.t_s.push_back(t_s);
  samples.f_hz.push_back(f_hz);
  samples.loop.push_back(loop);
  samples.step.push_back(step);
}

void set_kernels(results::CaseResult& result, device::KernelCounts kernels) {
  result.kernels = std::move(kernels);
  if (result.kernels.empty())
    return;
  result.launches = 0;
  for (const auto& [name, count] : result.kernels)
    *result.launches += count;
}

void note_plugins(results::CaseResult& result, const std::vector<std::string>& paths) {
  for (const std::string& name : paths)
    if (const kernels::Path* path = kernels::find_path(name); path && path->plugin)
      result.parameters["plugin." + name] =
          fmt::format("{} {}", path->plugin->digest, path->plugin->file);
}

void add_message(results::CaseResult& result, std::string_view text) {
  result.message += result.message.empty() ? "" : "; ";
  result.message += text;
}

void note_waits_for_host(results::CaseResult& loop, const measure::Sampled& sampled) {
  if (!measure::waits_for_host(sampled))
    return;
  results::note_gpu_waits_for_host(loop);
  add_message(loop, "the GPU waits for the host, which takes as long to enqueue a step as the step "
                    "takes: it is judged as it was timed");
}

void set_failure(results::CaseResult& result, std::exception_ptr error) {
  const auto first_line = [](std::string text) { return text.substr(0, text.find('\n')); };
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    result.status = e.code() == ExitCode::unavailable ? results::CaseStatus::unavailable
                    : e.code() == ExitCode::invalid   ? results::CaseStatus::invalid
                                                      : results::CaseStatus::failed;
    result.message = first_line(e.what());
  } catch (const c10::Error& e) { // without the backtrace that what() holds
    result.status = results::CaseStatus::failed;
    result.message = first_line(e.what_without_backtrace());
  } catch (const std::exception& e) {
    result.status = results::CaseStatus::failed;
    result.message = first_line(e.what());
  }
}

} // namespace bench::replicate
