#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/stopwatch.h>
#include <bench/baseline/lookup.h>
#include <bench/cli/ab.h>
#include <bench/compare/ab.h>
#include <bench/compare/looks.h>
#include <bench/compare/output.h>
#include <bench/compare/verdicts.h>
#include <bench/measure/interrupt.h>
#include <bench/replicate/catalog.h>
#include <bench/replicate/injection.h>
#include <bench/runner/arm_program.h>
#include <bench/runner/jobs.h>
#include <bench/runner/recorder.h>
#include <bench/text/ab_table.h>
#include <kernels/plugins/plugins.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace bench::cli {
namespace {

/// An arm keeps a GPU at its power limit for so long at least: in shorter blocks its clock and
/// temperature are those that the other arm left.
constexpr double kLeastBlock = 5; // seconds

/// The share of a budget within which cases are judged first, whatever look is due: what is decided
/// is left out then, and the rest of the budget is that of cases that want many pairs.
constexpr double kFirstLookBy = 2.0 / 3;

runner::JobOptions job_options(const AbOptions& options, const std::vector<std::string>& of_arm) {
  runner::JobOptions job{.scenarios = {options.scenario},
                         .only = options.only,
                         .profile = options.profile,
                         .out = {},
                         .overrides = options.overrides};
  job.overrides.insert(job.overrides.end(), of_arm.begin(), of_arm.end());
  return job;
}

/// The overrides with one that lengthens loops to a block, unless the user chose their time.
std::vector<std::string> with_blocks(const runner::Job& job) {
  std::vector<std::string> overrides = job.overrides;
  const bool chosen = std::ranges::any_of(overrides, [](const std::string& override) {
    return override.find("sampling.loop_time") != override.npos;
  });
  if (job.plan.device == scenario::DeviceKind::cuda && !chosen &&
      job.plan.sampling.loop_time_s < kLeastBlock)
    overrides.push_back(
        fmt::format("profiles.{}.sampling.loop_time={:g} s", job.plan.profile, kLeastBlock));
  return overrides;
}

runner::Job job_of(const AbOptions& options, const std::vector<std::string>& of_arm,
                   const scenario::Catalog& catalog) {
  runner::JobOptions wanted = job_options(options, of_arm);
  runner::Job job = std::move(runner::make_jobs(wanted, catalog).at(0));
  wanted.overrides = with_blocks(job);
  if (wanted.overrides != job.overrides)
    job = std::move(runner::make_jobs(wanted, catalog).at(0));
  return job;
}

class Side {
 public:
  Side(const char* name, runner::ArmProgram program, runner::Job job, const std::string& injection,
       const AbOptions& options, runner::GuardedGpu& gpu, text::ProgressDisplay& progress)
      : name_(name), program_(std::move(program)), job_(std::move(job)), plugins_(options.plugins),
        recorder_(job_, runner::begin_result(job_, options.argv), gpu, progress) {
    if (!injection.empty())
      arms_ = {.injections = {replicate::parse_injection(injection)}, .only_injected = true};
    recorder_.rename =
        replicate::id_without_injection; // the arm that has it is held against the other's case
  }

  std::optional<ExitCode> measure(const std::vector<std::string>& cases, int pair) {
    try {
      return recorder_.measure(program_.file,
                               {.scenario = std::filesystem::absolute(job_.scenario.file()),
                                .overrides = job_.overrides,
                                .plugins = plugins_,
                                .profile = job_.plan.profile,
                                .cases = recorder_.lacking(cases, pair),
                                .seed = static_cast<std::uint64_t>(pair),
                                .flags = {},
                                .arms = arms_},
                               pair);
    } catch (const Error& e) { // nothing at all was measured
      throw Error(e.code(), fmt::format("{} ({}): {}", name_, program_.label, e.what()));
    }
  }

  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const scenario::Case& c : job_.plan.cases)
      ids.push_back(c.id);
    return ids;
  }
  const runner::ArmProgram& program() const { return program_; }
  const runner::Job& job() const { return job_; }
  runner::Recorder& recorder() { return recorder_; }
  const results::Result& result() { return recorder_.result(); }

 private:
  const char* name_;
  runner::ArmProgram program_;
  runner::Job job_;
  replicate::Arms arms_;
  std::vector<std::filesystem::path> plugins_;
  runner::Recorder recorder_;
};

class AbRun {
 public:
  AbRun(const AbOptions& options, Side& a, Side& b, text::ProgressDisplay& progress)
      : options_(options), a_(a), b_(b), progress_(progress) {}

  ExitCode run() {
    const Stopwatch watch;
    due_ = a_.ids();
    for (const std::string& id : b_.ids())
      if (std::ranges::find(due_, id) == due_.end())
        due_.push_back(id);
    int look = options_.pairs > 0 ? options_.pairs : stats::kPairLooks[0];
    progress_.start(replicates_of(look));
    double longest_s = 0;
    std::size_t looks = 0;
    const auto fits = [&](double share) { // of the budget: does one more pair end within it?
      return options_.budget_s <= 0 || watch.seconds() + longest_s <= share * options_.budget_s;
    };
    for (int pair = 1; look > 0 && !due_.empty() && !stopped_; ++pair) {
      const Stopwatch one;
      measure(pair);
      longest_s = std::max(longest_s, one.seconds());
      const bool is_first = options_.pairs == 0 && looks == 0 && pair >= 2;
      if (pair < look && fits(is_first ? kFirstLookBy : 1))
        continue;
      judge();
      // A budget brings looks forward, by the clock alone, and leaves as many in all.
      progress_.add(-replicates_of(look - pair)); // what a look that came early has left out
      if (options_.pairs > 0 || ++looks == std::size(stats::kPairLooks))
        break;
      longest_s -= narrow_to(comparison_->open());
      if (!fits(1))
        break;
      look = compare::next_look(pair, std::span(stats::kPairLooks).subspan(looks));
      progress_.add(replicates_of(std::max(0, look - pair)));
    }
    for (Side* side : {&a_, &b_})
      side->recorder().finish(!stopped_);
    progress_.clear();
    return report();
  }

 private:
  /// Of the cases that are due, in so many pairs.
  int replicates_of(int pairs) const { return static_cast<int>(due_.size()) * 2 * pairs; }

  /// A B, then B A: what drifts steadily falls on both arms alike.
  void measure(int pair) {
    Side* order[] = {&a_, &b_};
    if (pair % 2 == 0)
      std::swap(order[0], order[1]);
    for (Side* side : order)
      if (!stopped_)
        stopped_ = side->measure(due_, pair);
    // What failed in one arm is left out of both: their processes do the same.
    for (Side* side : order)
      for (const results::CaseResult& c : side->result().cases)
        if (c.status != results::CaseStatus::ok)
          std::erase(due_, c.id);
  }

  /// Measures only these on; the seconds that a pair takes less without the others.
  double narrow_to(std::vector<std::string> open) {
    double less_s = 0;
    for (Side* side : {&a_, &b_})
      for (const results::CaseResult& c : side->result().cases)
        if (std::ranges::find(due_, c.id) != due_.end() &&
            std::ranges::find(open, c.id) == open.end() && !c.replicates.empty())
          for (const auto& [phase, seconds] : c.phases_s)
            less_s += seconds / static_cast<double>(c.replicates.size());
    due_ = std::move(open);
    return less_s;
  }

  void judge() {
    const int looks = options_.pairs > 0 ? 1 : static_cast<int>(std::size(stats::kPairLooks));
    comparison_ = compare::compare_pairs(a_.result(), b_.result(), baseline::noise_for(b_.result()),
                                         stats::confidence_of_look(0.99, looks));
  }

  ExitCode report() {
    ExitCode code = stopped_.value_or(ExitCode::ok);
    if (a_.result().cases.empty() || b_.result().cases.empty())
      return code; // interrupted before there was anything to compare
    judge();
    if (stopped_ == ExitCode::interrupted)
      comparison_->notes.emplace_back("interrupted: only the pairs that had finished are here");
    const auto fail_on = compare::parse_fail_on(options_.fail_on);
    fmt::print("{}", text::ab_table(*comparison_, a_.program().label, b_.program().label, fail_on,
                                    text::Style(text::inspect_terminal(stdout).styled)));
    const std::filesystem::path file = b_.job().out.parent_path() / "ab.json";
    using Handler = nlohmann::ordered_json::error_handler_t; // a message need not be UTF-8
    write_file_atomically(file, to_json(*comparison_).dump(1, ' ', false, Handler::replace) + "\n");
    fmt::print("result: {}\n", file.string());
    return worse(code, compare::exit_code(comparison_->counts(), fail_on));
  }

  const AbOptions& options_;
  Side& a_;
  Side& b_;
  text::ProgressDisplay& progress_;
  std::vector<std::string> due_;
  std::optional<ExitCode> stopped_; ///< why no further pair is started
  std::optional<compare::AbComparison> comparison_;
};

} // namespace

ExitCode ab(const AbOptions& options) {
  compare::parse_fail_on(options.fail_on); // before minutes are spent
  for (const std::string& injection : {options.inject_a, options.inject_b})
    if (!injection.empty())
      replicate::parse_injection(injection);
  kernels::plugins::load(options.plugins, stderr);
  const scenario::Catalog catalog = replicate::make_catalog();
  runner::Job job_a = job_of(options, options.overrides_a, catalog);
  runner::Job job_b = job_of(options, options.overrides_b, catalog);
  for (const auto& [injection, job] :
       {std::pair{&options.inject_a, &job_a}, std::pair{&options.inject_b, &job_b}})
    if (!injection->empty())
      replicate::check_some_fits({replicate::parse_injection(*injection)}, job->plan.cases);
  if (job_a.plan.device != job_b.plan.device)
    throw UsageError("A and B are of different devices: pairs want one machine");
  std::filesystem::path folder = options.out;
  if (folder.empty())
    folder = std::filesystem::path("results") / fmt::format("ab-{}-{}-{:%Y%m%dT%H%M%SZ}",
                                                            job_a.plan.scenario, job_a.plan.profile,
                                                            fmt::gmtime(std::time(nullptr)));
  job_a.out = folder / "a.json";
  job_b.out = folder / "b.json";
  runner::ArmProgram program_a = runner::arm_program("A", options.a);
  runner::ArmProgram program_b = runner::arm_program("B", options.b);

  measure::catch_interrupts();
  const auto progress = text::make_progress(stderr, options.quiet);
  check_writable(job_a.out);
  progress->clear();
  runner::GuardedGpu gpu(job_a.plan.device);
  Side a("A", std::move(program_a), std::move(job_a), options.inject_a, options, gpu, *progress);
  Side b("B", std::move(program_b), std::move(job_b), options.inject_b, options, gpu, *progress);
  return AbRun(options, a, b, *progress).run();
}

} // namespace bench::cli
