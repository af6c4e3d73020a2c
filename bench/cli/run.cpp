#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/stopwatch.h>
#include <bench/baseline/lookup.h>
#include <bench/baseline/since_oldest.h>
#include <bench/cli/escalation.h>
#include <bench/cli/run.h>
#include <bench/compare/looks.h>
#include <bench/compare/verdicts.h>
#include <bench/kernel_bench/benchmark_flags.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/worker.h>
#include <bench/replicate/catalog.h>
#include <bench/results/merge.h>
#include <bench/runner/jobs.h>
#include <bench/runner/recorder.h>
#include <bench/runner/resume.h>
#include <bench/scenario/quantity.h>
#include <bench/text/comparison_table.h>
#include <bench/text/kernel_table.h>
#include <bench/text/progress.h>
#include <bench/text/result_table.h>
#include <bench/text/terminal.h>
#include <kernels/plugins/plugins.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace bench::cli {
namespace {

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

/// What Google Benchmark calls the kernel cases of these jobs.
std::vector<std::string> benchmark_names(const std::vector<runner::Job>& jobs) {
  std::vector<std::string> names;
  for (const runner::Job& job : jobs)
    for (const scenario::Case& c : job.plan.cases)
      if (!c.is_loop())
        names.push_back(fmt::format("{}/iterations:{}/manual_time", c.id,
                                    job.plan.sampling.regions_per_placement()));
  return names;
}

double parse_resolution(const std::string& text) {
  const std::optional<double> value = scenario::parse_fraction(text);
  if (!value || !(*value > 0 && *value < 1))
    throw UsageError(fmt::format("--resolution '{}': no share; write one such as 0.05 %", text));
  return *value;
}

/// One scenario: replicates of its cases, until every case is decided or the budget is spent.
class JobRun {
 public:
  JobRun(const runner::Job& job, const RunOptions& options, text::ProgressDisplay& progress)
      : job_(job), options_(options), progress_(progress), gpu_(job.plan.device),
        recorder_(job,
                  options.resume.empty() ? runner::begin_result(job, options.argv)
                                         : runner::resumed(job, options.resume),
                  gpu_, progress) {
    for (const scenario::Case& c : job.plan.cases) {
      ids_.push_back(c.id);
      measured_ += static_cast<int>(options.arms.of(c.is_loop() ? "loop" : "kernel").size());
    }
    if (!options.resolution.empty())
      resolution_ = std::log1p(parse_resolution(options.resolution));
  }

  ExitCode run() {
    const Stopwatch watch;
    int look = options_.replicates > 0 ? options_.replicates : job_.plan.sampling.replicates;
    progress_.start(measured_ * (look + (options_.kernel_rows > 0 ? 1 : 0)));
    std::vector<std::string> due = ids_;
    double longest_s = 0;
    std::size_t looks = 1; // with the one to come
    int there = 0;         // replicates in a resumed result
    for (const results::CaseResult& c : recorder_.result().cases)
      there = std::max(there, static_cast<int>(c.replicates.size()));
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
      if (spent || options_.replicates > 0 || !comparison_)
        break;
      replicate = std::max(replicate, there);
      due = replaced_ < compare::kMostReplaced ? compare::cases_to_replace(*comparison_, replaced_)
                                               : std::vector<std::string>{};
      if (!due.empty()) { // one more process each in the place of those set aside
        ++replaced_;
        progress_.add(static_cast<int>(due.size()));
        look = ++replicate;
        continue;
      }
      due = compare::open_cases(*comparison_, resolution_);
      look =
          looks++ < std::size(compare::kLooks) ? compare::next_look(replicate, compare::kLooks) : 0;
      if (look > 0 && resolution_ <= 0)
        look = compare::look_for(due, *comparison_, replicate, look);
      progress_.add(static_cast<int>(due.size()) * std::max(0, look - replicate));
      ++replicate;
    }
    if (options_.kernel_rows > 0 && !stopped_) {
      replicate::Request request = request_for(1, ids_);
      request.trace = options_.trace;
      stopped_ = recorder_.profile(measure::this_executable(), std::move(request));
    }
    recorder_.finish(!stopped_);
    progress_.clear();
    return report();
  }

 private:
  replicate::Request request_for(int replicate, const std::vector<std::string>& cases) {
    return {.scenario = job_.scenario.file(),
            .overrides = options_.overrides,
            .plugins = options_.plugins,
            .profile = job_.plan.profile,
            .cases = cases,
            .seed = options_.seeds_behind + static_cast<std::uint64_t>(replicate),
            .flags = replicate == 1 ? options_.flags : std::vector<std::string>{},
            .save_latents = replicate == 1 ? options_.save_latents : std::filesystem::path(),
            .arms = options_.arms};
  }

  void measure(int replicate, const std::vector<std::string>& due) {
    stopped_ =
        recorder_.measure(measure::this_executable(),
                          request_for(replicate, recorder_.lacking(due, replicate)), replicate);
  }

  /// Holds what there is against the baseline, if there is one.
  void judge() {
    if (!baseline_)
      baseline_ = baseline::find_baseline(options_.baseline, recorder_.result());
    if (!baseline_)
      return;
    results::sort_cases(recorder_.result(), ids_);
    comparison_ = compare::compare(baseline_->result, recorder_.result(), baseline_->noise);
  }

  ExitCode report() {
    if (stopped_ && !recorder_.result().interrupted) // between two looks
      judge();
    const text::Style style(text::inspect_terminal(stdout).styled);
    fmt::print("{}", text::result_table(recorder_.result(), style, job_.out,
                                        comparison_ ? &*comparison_ : nullptr));
    if (options_.kernel_rows > 0) {
      fmt::print("{}", text::kernel_tables(recorder_.result(), options_.kernel_rows, style));
      const auto has_table = [](const results::CaseResult& c) {
        return c.profile && !c.profile->kernels.empty();
      };
      if (!options_.trace.empty() && std::ranges::any_of(recorder_.result().cases, has_table))
        fmt::print("\ntrace: {}\n", options_.trace.string());
    }
    ExitCode code = stopped_.value_or(ExitCode::ok);
    for (const results::CaseResult& c : recorder_.result().cases)
      code = worse(code, exit_code(c.status));
    if (comparison_) {
      const auto fail_on = compare::parse_fail_on(options_.fail_on);
      fmt::print("\nagainst {}\n{}", baseline_->file.string(),
                 text::comparison_table(*comparison_, fail_on, style));
      fmt::print("{}", crept());
      if (!recorder_.result().interrupted)
        fmt::print("{}", escalation(*comparison_, {.scenario = job_.scenario.file().string(),
                                                   .profile = job_.plan.profile,
                                                   .only = options_.only,
                                                   .overrides = options_.overrides}));
      code = worse(code, compare::exit_code(*comparison_, fail_on));
    } else if (options_.baseline != "none" && !recorder_.result().interrupted) {
      if (recorder_.result().device != "cpu") // whose times are no baseline
        fmt::print("no baseline for this GPU and scenario; keep this result as one: bench baseline "
                   "promote {} --reason TEXT\n",
                   job_.out.string());
      if (compare::parse_fail_on(options_.fail_on).contains(stats::Verdict::missing))
        code = worse(code, ExitCode::missing);
    }
    return code;
  }

  /// Drifts since what was measured first; a file of it that is broken costs nothing else.
  std::string crept() const {
    try {
      return text::crept_text(baseline::since_oldest(baseline_->file, recorder_.result()));
    } catch (const Error& e) {
      return fmt::format("\nnot held against what was measured first: {}\n", e.what());
    }
  }

  const runner::Job& job_;
  const RunOptions& options_;
  text::ProgressDisplay& progress_;
  runner::GuardedGpu gpu_;
  runner::Recorder recorder_;
  std::vector<std::string> ids_;
  int measured_ = 0;                ///< by a process: the cases, each with its arms
  double resolution_ = 0;           ///< of log time; 0: until all is decided
  int replaced_ = 0;                ///< processes measured in the place of those set aside
  std::optional<ExitCode> stopped_; ///< why no further replicate is started
  std::optional<baseline::Baseline> baseline_;
  std::optional<compare::Comparison> comparison_;
};

} // namespace

ExitCode run(const RunOptions& options) {
  compare::parse_fail_on(options.fail_on); // before minutes are spent
  if (!options.resolution.empty())
    parse_resolution(options.resolution);
  kernels::plugins::load(options.plugins, stderr);
  const std::vector<runner::Job> jobs = runner::make_jobs(options, replicate::make_catalog());
  for (const runner::Job& job : jobs)
    replicate::check_some_fits(options.arms.injections, job.plan.cases);
  if (options.dry_run) {
    for (const runner::Job& job : jobs)
      runner::print_plan(job, stdout);
    return ExitCode::ok;
  }
  kernel_bench::check_benchmark_flags(options.flags, benchmark_names(jobs));
  measure::catch_interrupts();
  const auto progress = text::make_progress(stderr, options.quiet);
  ExitCode code = ExitCode::ok;
  for (const runner::Job& job : jobs) {
    check_writable(job.out);
    if (!options.trace.empty())
      check_writable(options.trace);
    progress->clear();
    code = worse(code, JobRun(job, options, *progress).run());
    if (code == ExitCode::interrupted)
      break;
  }
  return code;
}

} // namespace bench::cli
