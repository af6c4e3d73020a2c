#include <bench/base/error.h>
#include <bench/baseline/lookup.h>
#include <bench/baseline/promotion.h>
#include <bench/cli/run.h>
#include <bench/cli/selftest.h>
#include <bench/compare/comparison.h>
#include <bench/results/merge.h>
#include <bench/results/result.h>
#include <bench/text/columns.h>
#include <bench/text/comparison_table.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

namespace bench::cli {
namespace {

using results::CaseResult;
using results::Result;

constexpr std::string_view kArms = "none,spin=0.1%,spin=0.2%,spin=0.3%,spin=0.5%,norms=15,power,"
                                   "launches=0.5%,launches=1.5%,launches=3%";
constexpr std::string_view kQuickArms = "none,spin=0.1%,spin=0.3%,launches=0.5%,launches=1.5%";

std::vector<replicate::Injection> arms(const SelftestOptions& options) {
  std::string_view list = options.quick ? kQuickArms : kArms;
  if (!options.arms.empty())
    list = options.arms;
  std::vector<replicate::Injection> injections;
  while (!list.empty()) {
    const std::string_view word = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), word.size() + 1));
    const replicate::Injection injection = replicate::parse_injection(word);
    if (std::ranges::find(injections, injection) != injections.end())
      throw UsageError(fmt::format("--arms: '{}' is there twice", word));
    injections.push_back(injection);
  }
  return injections;
}

/// The result as if `id` had been measured where it says `as`: an arm beside its case, or two arms.
Result only_case(const Result& result, const std::string& id, const std::string& as) {
  Result one = result;
  std::erase_if(one.cases, [&](const CaseResult& c) { return c.id != id && c.kind != "anchor"; });
  for (CaseResult& c : one.cases)
    if (c.id == id)
      c.id = as;
  return one;
}

/// What the arm added, and whether a verdict on it is wrong. Within a quarter of the gate around
/// the gate itself pass and regression are both right.
struct Expectation {
  std::optional<double> drift; ///< none: not known exactly
  bool wrong(stats::Verdict verdict, double gate) const {
    if (!drift)
      return false;
    if (verdict == stats::Verdict::regression)
      return *drift < 0.75 * gate;
    if (verdict == stats::Verdict::pass)
      return *drift > 1.25 * gate;
    return verdict == stats::Verdict::improvement;
  }
};

Expectation expectation(const replicate::Injection& injection) {
  switch (injection.kind) {
  case replicate::Injection::Kind::none:
  case replicate::Injection::Kind::power: // the clock moves, the work does not
    return {0.0};
  case replicate::Injection::Kind::spin:
  case replicate::Injection::Kind::launches:
    return {injection.amount};
  case replicate::Injection::Kind::norms:
    break;
  }
  return {};
}

/// The greatest in a data set, if there is one: processes that are added to it draw other orders
/// of their arms.
std::uint64_t last_seed(const std::filesystem::path& data_set) {
  std::uint64_t last = 0;
  if (!data_set.empty() && std::filesystem::exists(data_set))
    for (const CaseResult& c : results::read(data_set).cases)
      for (const results::Replicate& replicate : c.replicates)
        last = std::max(last, replicate.seed);
  return last;
}

RunOptions run_options(const SelftestOptions& options) {
  RunOptions run;
  run.scenarios = {options.scenario};
  run.only = options.only;
  run.first_of_each = options.only.empty();
  run.profile = options.profile;
  run.overrides = options.overrides;
  run.plugins = options.plugins;
  run.baseline = "none";
  run.replicates = options.replicates;
  run.arms.injections = arms(options);
  run.seeds_behind = last_seed(options.append);
  run.argv = options.argv;
  run.out = options.out.empty()
                ? std::filesystem::path(fmt::format("results/selftest-{:%Y%m%dT%H%M%SZ}.json",
                                                    fmt::gmtime(std::time(nullptr))))
                : options.out;
  return run;
}

/// "0.030 % of work in 5 processes, 12.4 s of samples a side": of two arms of one work. Of a
/// kernel, whose samples take no time that counts, without the seconds.
std::string resolution(const CaseResult& arm, const stats::Judgement& judgement) {
  std::string text = fmt::format("{:.3f} % of work in {} processes",
                                 100 * judgement.work.half_width, judgement.new_replicates);
  if (arm.kind != "loop")
    return text;
  double sampled_s = 0;
  for (const results::Replicate& replicate : arm.replicates)
    sampled_s += std::accumulate(replicate.samples.t_s.begin(), replicate.samples.t_s.end(), 0.0);
  return text + fmt::format(", {:.1f} s of samples a side", sampled_s);
}

/// Prints what came of each arm, and what this machine resolves; invalid where one was judged
/// wrongly.
ExitCode judge_arms(const Result& result, const std::vector<replicate::Injection>& injections) {
  ExitCode code = ExitCode::ok;
  const compare::NoiseFile noise = baseline::noise_for(result);
  const auto percent = [](double log_drift) {
    return fmt::format("{:+.3f} %", 100 * std::expm1(log_drift));
  };
  text::Columns columns({"arm", "injected", "found", "+-", "wall", "verdict", ""});
  std::string resolutions;
  for (const CaseResult& c : result.cases) {
    if (c.kind == "anchor" || c.id.find('#') != std::string::npos)
      continue;
    for (const replicate::Injection& injection : injections) {
      if (!is_for(injection, c.kind))
        continue;
      const std::string id = replicate::injected_id(c.id, injection);
      const compare::Comparison comparison =
          compare::compare(only_case(result, c.id, c.id), only_case(result, id, c.id), noise);
      const auto found = std::ranges::find(comparison.cases, c.id, &compare::CaseComparison::id);
      if (found == comparison.cases.end() || !found->judgement) {
        if (result.interrupted)
          continue;
        throw InvalidError(fmt::format("{}: was not measured", id));
      }
      const stats::Judgement& judgement = *found->judgement;
      const Expectation expected = expectation(injection);
      const bool wrong = expected.wrong(found->verdict, found->gate);
      if (injection.kind == replicate::Injection::Kind::none &&
          std::isfinite(judgement.work.half_width))
        resolutions += fmt::format("{}: this machine resolves {}\n", c.id,
                                   resolution(*find_case(result, id), judgement));
      if (wrong)
        code = ExitCode::invalid;
      columns.add({id, expected.drift ? fmt::format("{:+.3f} %", 100 * *expected.drift) : "",
                   percent(judgement.work.estimate),
                   fmt::format("{:.3f} %", 100 * judgement.work.half_width),
                   percent(judgement.wall), std::string(to_string(found->verdict)),
                   wrong                                            ? "WRONG"
                   : found->verdict == stats::Verdict::inconclusive ? "undecided"
                                                                    : "right"});
    }
  }
  fmt::print("\n{}\n{}", columns.text(text::Style(text::inspect_terminal(stdout).styled)),
             resolutions);
  return code;
}

void append_to(const std::filesystem::path& file, const Result& result) {
  Result data_set = result;
  if (std::filesystem::exists(file)) {
    data_set = results::read(file);
    results::merge(data_set, result);
  }
  baseline::compact(data_set);
  write(data_set, file);
}

} // namespace

ExitCode selftest(const SelftestOptions& options) {
  const RunOptions run_of_arms = run_options(options);
  const ExitCode code = run(run_of_arms);
  if (code != ExitCode::ok && code != ExitCode::interrupted)
    return code;
  const Result result = results::read(run_of_arms.out);
  if (!options.append.empty()) // first: processes cost minutes, whatever the judge says of them
    append_to(options.append, result);
  return worse(code, judge_arms(result, run_of_arms.arms.injections));
}

} // namespace bench::cli
