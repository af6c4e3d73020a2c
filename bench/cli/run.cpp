#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/cli/benchmark_flags.h>
#include <bench/cli/case_results.h>
#include <bench/cli/catalog.h>
#include <bench/cli/facts.h>
#include <bench/cli/jobs.h>
#include <bench/cli/progress.h>
#include <bench/cli/run.h>
#include <bench/cli/table.h>
#include <bench/cli/terminal.h>
#include <bench/measure/gpu_lock.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/machine.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>

#include <chrono>
#include <optional>

namespace bench::cli {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The device of a run, locked against other benches, and what would spoil its measurements.
class GuardedDevice {
 public:
  explicit GuardedDevice(scenario::DeviceKind kind) {
    // Lock and look before this process is on the GPU itself: a stranger's memory shows best then.
    if (kind == scenario::DeviceKind::cuda) {
      if (const auto gpu = measure::visible_device(measure::Nvml::load())) {
        const measure::MachineState state = measure::machine_state(*gpu);
        lock_.emplace(state.uuid);
        findings_ = measure::spoilers(state);
      }
    }
    device_ = device::open_device(kind);
    if (kind == scenario::DeviceKind::cuda && !lock_)
      lock_.emplace(device_->uuid());
  }
  device::Device& device() { return *device_; }
  const std::vector<measure::Finding>& findings() const { return findings_; }

 private:
  std::optional<measure::GpuLock> lock_;
  std::vector<measure::Finding> findings_;
  std::unique_ptr<device::Device> device_;
};

template <typename Work>
std::vector<scenario::Case> cases_of(const std::vector<scenario::Case>& cases) {
  std::vector<scenario::Case> chosen;
  for (const scenario::Case& c : cases)
    if (std::holds_alternative<Work>(c.work))
      chosen.push_back(c);
  return chosen;
}

std::string outcome_line(const results::CaseResult& result) {
  if (result.status != results::CaseStatus::ok)
    return fmt::format("{}: {}", to_string(result.status), result.message);
  const double t = stats::median(result.replicates.front().samples.t_s);
  return result.kind == "loop" ? fmt::format("{:.2f} ms/step", t * 1e3)
                               : fmt::format("{:.2f} us", t * 1e6);
}

ExitCode exit_code(results::CaseStatus status) {
  switch (status) {
  case results::CaseStatus::ok:
    return ExitCode::ok;
  case results::CaseStatus::unavailable:
    return ExitCode::unavailable;
  case results::CaseStatus::invalid:
  case results::CaseStatus::failed:
    break;
  }
  return ExitCode::invalid;
}

results::Result begin_result(const Job& job, const RunOptions& options, device::Device& device) {
  results::Result result;
  describe_machine(result, device);
  result.argv = options.argv;
  result.started = utc_now();
  result.scenario = job.plan.scenario;
  result.scenario_file = job.scenario.file().string();
  result.scenario_text = job.scenario.text();
  result.overrides = options.overrides;
  result.profile = job.plan.profile;
  return result;
}

/// What Google Benchmark calls the kernel cases of these jobs.
std::vector<std::string> benchmark_names(const std::vector<Job>& jobs) {
  std::vector<std::string> names;
  for (const Job& job : jobs)
    for (const scenario::Case& c : cases_of<scenario::KernelCase>(job.plan.cases))
      names.push_back(fmt::format("{}/iterations:{}/manual_time", c.id, job.plan.sampling.regions));
  return names;
}

/// Measures one scenario into its result file.
ExitCode measure_job(const Job& job, const RunOptions& options, ProgressDisplay& progress,
                     std::chrono::steady_clock::time_point started) {
  check_writable(job.out);
  progress.clear();
  GuardedDevice guarded(job.plan.device);
  results::Result result = begin_result(job, options, guarded.device());
  std::string spoiled;
  for (const measure::Finding& finding : guarded.findings()) {
    const bool error = finding.severity == measure::Severity::error;
    fmt::print(stderr, "{}: {}: {}\n", error ? "error" : "warning", finding.line, finding.mend);
    if (error && spoiled.empty())
      spoiled = finding.line;
  }

  ExitCode code = ExitCode::ok;
  const auto keep = [&](results::CaseResult case_result) {
    if (!spoiled.empty() && case_result.status == results::CaseStatus::ok) {
      case_result.status = results::CaseStatus::invalid;
      case_result.message = spoiled;
    }
    progress.end(outcome_line(case_result));
    code = worse(code, exit_code(case_result.status));
    result.cases.push_back(std::move(case_result));
    write(result, job.out); // after every case: a killed run keeps what it finished
  };

  const Bench bench{
      .device = guarded.device(), .sampling = job.plan.sampling, .seed = 1, .progress = progress};
  result.phases_s["start"] = seconds_since(started);
  progress.start(static_cast<int>(job.plan.cases.size()));
  try {
    measure_loops(cases_of<scenario::LoopCase>(job.plan.cases), bench, result.phases_s, keep);
    measure_kernels(cases_of<scenario::KernelCase>(job.plan.cases), bench, options.flags, keep);
    result.finished = utc_now();
  } catch (const measure::Interrupted&) {
    result.interrupted = true;
    code = ExitCode::interrupted;
  }
  write(result, job.out);
  progress.clear();
  const Style style(inspect_terminal(stdout).styled);
  fmt::print("{}", result_table(result, style, job.out));
  return code;
}

} // namespace

ExitCode run(const RunOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  const std::vector<Job> jobs = make_jobs(options, make_catalog());
  if (options.dry_run) {
    for (const Job& job : jobs)
      print_plan(job, stdout);
    return ExitCode::ok;
  }
  check_benchmark_flags(options.flags, benchmark_names(jobs));
  measure::catch_interrupts();
  const auto progress = make_progress(stderr, options.quiet);
  ExitCode code = ExitCode::ok;
  for (const Job& job : jobs) {
    const auto job_started = &job == &jobs.front() ? started : std::chrono::steady_clock::now();
    code = worse(code, measure_job(job, options, *progress, job_started));
    if (code == ExitCode::interrupted)
      break;
  }
  return code;
}

} // namespace bench::cli
