#include <bench/cli/escalation.h>
#include <bench/compare/side_by_side.h>

#include <fmt/format.h>

#include <algorithm>

namespace bench::cli {
namespace {

/// More cases than that in one regular expression nobody reads.
constexpr std::size_t kMostNamed = 4;

std::string regex_of(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) {
    text += text.empty() ? "^(" : "|";
    for (const char c : id) {
      if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos)
        text += '\\';
      text += c;
    }
  }
  return text + ")$";
}

} // namespace

std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos)
    return word;
  std::string quoted = "'";
  for (const char c : word)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string escalation(const compare::Comparison& comparison, const AbArguments& run) {
  const std::vector<std::string> unknown = compare::cases_that_want_pairs(comparison);
  if (unknown.empty() || comparison.base.git_sha.empty())
    return "";
  const bool all = unknown.size() == comparison.cases.size() || unknown.size() > kMostNamed;
  const std::string only = all ? run.only : regex_of(unknown);
  std::string rest =
      fmt::format("--scenario {} --profile {}", shell_word(run.scenario), shell_word(run.profile));
  if (!only.empty())
    rest += " --only " + shell_word(only);
  for (const std::string& override : run.overrides)
    rest += " --set " + shell_word(override);
  const bool other_gpu =
      std::ranges::all_of(comparison.cases, [](const compare::CaseComparison& c) {
        return !compare::wants_pairs(c) || !c.judgement->same_device;
      });
  return fmt::format("{} case{} inconclusive because {}. Against the baseline's own revision on "
                     "this GPU:\n"
                     "  bench ab {} {}\n"
                     "or, without a compiler here, in a bundle made by `ci/bundle --pair {} .`:\n"
                     "  ci/bench ab A B {}\n",
                     unknown.size(), unknown.size() == 1 ? " is" : "s are",
                     other_gpu ? "the baseline does not hold this GPU"
                               : "no number of processes here tells it from this baseline",
                     comparison.base.git_sha, rest, comparison.base.git_sha, rest);
}

} // namespace bench::cli
