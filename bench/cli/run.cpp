#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/stopwatch.h>
#include <bench/base/utc.h>
#include <bench/cli/baseline_lookup.h>
#include <bench/cli/benchmark_flags.h>
#include <bench/cli/catalog.h>
#include <bench/cli/comparison_table.h>
#include <bench/cli/jobs.h>
#include <bench/cli/progress.h>
#include <bench/cli/replicate.h>
#include <bench/cli/replicate_plan.h>
#include <bench/cli/resume.h>
#include <bench/cli/run.h>
#include <bench/cli/table.h>
#include <bench/cli/terminal.h>
#include <bench/compare/verdicts.h>
#include <bench/device/device.h>
#include <bench/measure/gpu_lock.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/machine.h>
#include <bench/measure/worker.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace bench::cli {
namespace {

/// The GPU of a run, locked against other benches, and what would spoil its measurements. This
/// process itself never opens it: its replicates do, one after the other.
class GuardedGpu {
 public:
  explicit GuardedGpu(scenario::DeviceKind kind) {
    if (const std::string why = device::why_unavailable(kind); !why.empty())
      throw UnavailableError(why);
    if (kind != scenario::DeviceKind::cuda)
      return;
    if (const auto gpu = measure::visible_device(measure::Nvml::load())) {
      const measure::MachineState state = measure::machine_state(*gpu);
      lock(state.uuid);
      findings_ = measure::spoilers(state);
    }
  }
  /// For a machine without NVML: the first replicate says which GPU it is.
  void lock(const std::string& uuid) {
    if (!lock_ && !uuid.empty())
      lock_.emplace(uuid);
  }
  const std::vector<measure::Finding>& findings() const { return findings_; }

 private:
  std::optional<measure::GpuLock> lock_;
  std::vector<measure::Finding> findings_;
};

std::string outcome_line(const results::CaseResult& result) {
  if (result.status != results::CaseStatus::ok)
    return fmt::format("{}: {}", to_string(result.status), result.message);
  const double t = stats::median(result.replicates.back().samples.t_s);
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

results::Result begin_result(const Job& job, const RunOptions& options) {
  results::Result result;
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
    for (const scenario::Case& c : job.plan.cases)
      if (std::holds_alternative<scenario::KernelCase>(c.work))
        names.push_back(fmt::format("{}/iterations:{}/manual_time", c.id,
                                    job.plan.sampling.regions_per_placement()));
  return names;
}

/// One scenario: replicates of its cases, until every case is decided or the budget is spent.
class JobRun {
 public:
  JobRun(const Job& job, const RunOptions& options, ProgressDisplay& progress)
      : job_(job), options_(options), progress_(progress), gpu_(job.plan.device),
        result_(options.resume.empty() ? begin_result(job, options)
                                       : resumed(job, options, options.resume)) {
    for (const scenario::Case& c : job.plan.cases)
      ids_.push_back(c.id);
    for (const measure::Finding& finding : gpu_.findings()) {
      const bool error = finding.severity == measure::Severity::error;
      fmt::print(stderr, "{}: {}: {}\n", error ? "error" : "warning", finding.line, finding.mend);
      if (error && spoiled_.empty())
        spoiled_ = finding.line;
    }
  }

  ExitCode run() {
    const Stopwatch watch;
    int look = options_.replicates > 0 ? options_.replicates : job_.plan.sampling.replicates;
    progress_.start(static_cast<int>(ids_.size()) * look);
    std::vector<std::string> due = ids_;
    double longest_s = 0;
    for (int replicate = 1; look > 0 && !due.empty() && !stopped_;) {
      const Stopwatch one;
      measure(replicate, due);
      longest_s = std::max(longest_s, one.seconds());
      const bool spent = options_.budget_s > 0 && watch.seconds() + longest_s > options_.budget_s;
      if (replicate < look && !spent) {
        ++replicate;
        continue;
      }
      judge();
      due = undecided(due);
      if (spent || options_.replicates > 0)
        break;
      look = baseline_ ? next_look(replicate) : 0;
      ++replicate;
    }
    if (!stopped_)
      result_.finished = utc_now();
    sort_cases(result_, ids_);
    write(result_, job_.out);
    progress_.clear();
    return report();
  }

 private:
  /// Measures those of `due` that lack this replicate (a resumed run has some).
  void measure(int replicate, const std::vector<std::string>& due) {
    ReplicateRequest request{.scenario = job_.scenario.file(),
                             .overrides = options_.overrides,
                             .profile = job_.plan.profile,
                             .cases = {},
                             .seed = static_cast<std::uint64_t>(replicate),
                             .flags = replicate == 1 ? options_.flags : std::vector<std::string>{},
                             .injections = options_.injections};
    for (const std::string& id : due)
      if (replicates_of(result_, id) < replicate && status_of(id) == results::CaseStatus::ok)
        request.cases.push_back(id);
    if (request.cases.empty())
      return;
    const ReplicateEnd end =
        run_replicate(measure::this_executable(), std::move(request), progress_,
                      [&](results::Result part) { keep(std::move(part)); });
    if (end.interrupted) {
      result_.interrupted = true;
      stopped_ = ExitCode::interrupted;
    } else if (!end.fault.empty()) {
      progress_.clear();
      if (result_.cases.empty())
        throw Error(end.code, end.fault);
      fmt::print(stderr, "bench: replicate {}: {}\n", replicate, end.fault);
      stopped_ = end.code;
    }
  }

  void keep(results::Result part) {
    if (const auto gpu = part.machine.find("gpu"); gpu != part.machine.end())
      gpu_.lock(gpu->second["uuid"]);
    for (results::CaseResult& c : part.cases) {
      if (!spoiled_.empty() && c.status == results::CaseStatus::ok) {
        c.status = results::CaseStatus::invalid;
        c.message = spoiled_;
      }
      complete(c);
      if (c.kind != "anchor")
        progress_.end(outcome_line(c));
    }
    merge(result_, std::move(part));
    if (std::ranges::any_of(result_.cases, [](const auto& c) { return c.kind != "anchor"; }))
      write(result_, job_.out); // after every case: a killed run keeps what it finished
  }

  /// A case that a worker lost has only its id.
  void complete(results::CaseResult& result) const {
    const auto base = std::ranges::find(job_.plan.cases, result.id.substr(0, result.id.find('#')),
                                        &scenario::Case::id);
    if (!result.hash.empty() || base == job_.plan.cases.end())
      return;
    result.hash = base->hash;
    result.work_version = base->work_version;
    result.gate_work = base->gate.work;
  }

  results::CaseStatus status_of(const std::string& id) const {
    const auto found = std::ranges::find(result_.cases, id, &results::CaseResult::id);
    return found == result_.cases.end() ? results::CaseStatus::ok : found->status;
  }

  /// Holds what there is against the baseline, if there is one.
  void judge() {
    if (!baseline_)
      baseline_ = find_baseline(options_.baseline, result_);
    if (!baseline_)
      return;
    sort_cases(result_, ids_);
    comparison_ = compare::compare(baseline_->result, result_, baseline_->noise);
  }

  /// Those of `ids` that more replicates may decide; none without a baseline.
  std::vector<std::string> undecided(const std::vector<std::string>& ids) const {
    std::vector<std::string> open;
    if (!comparison_)
      return open;
    for (const compare::CaseComparison& c : comparison_->cases)
      if (c.verdict == stats::Verdict::inconclusive && c.judgement &&
          c.judgement->replicates_needed && std::ranges::find(ids, c.id) != ids.end())
        open.push_back(c.id);
    return open;
  }

  ExitCode report() {
    const Style style(inspect_terminal(stdout).styled);
    fmt::print("{}", result_table(result_, style, job_.out));
    ExitCode code = stopped_.value_or(ExitCode::ok);
    for (const results::CaseResult& c : result_.cases)
      code = worse(code, exit_code(c.status));
    if (stopped_ && !result_.interrupted) // between two looks
      judge();
    if (comparison_) {
      const auto fail_on = compare::parse_fail_on(options_.fail_on);
      fmt::print("\nagainst {}\n{}", baseline_->file.string(),
                 comparison_table(*comparison_, fail_on, style));
      code = worse(code, compare::exit_code(*comparison_, fail_on));
    } else if (options_.baseline != "none" && !result_.interrupted) {
      if (result_.device != "cpu") // whose times are no baseline
        fmt::print("no baseline for this GPU and scenario; keep this result as one: bench baseline "
                   "promote {} --reason TEXT\n",
                   job_.out.string());
      if (compare::parse_fail_on(options_.fail_on).contains(stats::Verdict::missing))
        code = worse(code, ExitCode::missing);
    }
    return code;
  }

  const Job& job_;
  const RunOptions& options_;
  ProgressDisplay& progress_;
  GuardedGpu gpu_;
  results::Result result_;
  std::vector<std::string> ids_;
  std::string spoiled_;
  std::optional<ExitCode> stopped_; ///< why no further replicate is started
  std::optional<Baseline> baseline_;
  std::optional<compare::Comparison> comparison_;
};

} // namespace

ExitCode run(const RunOptions& options) {
  compare::parse_fail_on(options.fail_on); // before minutes are spent
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
    check_writable(job.out);
    progress->clear();
    code = worse(code, JobRun(job, options, *progress).run());
    if (code == ExitCode::interrupted)
      break;
  }
  return code;
}

} // namespace bench::cli
