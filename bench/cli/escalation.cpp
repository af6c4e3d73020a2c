#include <bench/cli/escalation.h>
#include <bench/compare/side_by_side.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

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

std::string ab_options(const AbArguments& run, const std::string& only) {
  std::string options =
      fmt::format("--scenario {} --profile {}", shell_word(run.scenario), shell_word(run.profile));
  if (!only.empty())
    options += " --only " + shell_word(only);
  for (const std::string& override : run.overrides)
    options += " --set " + shell_word(override);
  return options;
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
  std::map<std::string, std::vector<std::string>> unknown; // by what they are to be held against
  std::size_t count = 0;
  for (const compare::CaseComparison& c : comparison.cases)
    if (compare::wants_pairs(c) && !compare::revision_for_pairs(comparison, c).empty()) {
      unknown[compare::revision_for_pairs(comparison, c)].push_back(c.id);
      ++count;
    }
  if (unknown.empty())
    return "";
  const bool all = unknown.size() == 1 && (count == comparison.cases.size() || count > kMostNamed);
  std::string commands, bundles;
  for (const auto& [revision, ids] : unknown) {
    const std::string options = ab_options(run, all ? run.only : regex_of(ids));
    commands += fmt::format("  bench ab {} {}\n", revision, options);
    bundles += fmt::format("or, without a compiler here, in a bundle made by `ci/bundle --pair {} "
                           ".`:\n  ci/bench ab A B {}\n",
                           revision, options);
  }
  const bool other_gpu =
      std::ranges::all_of(comparison.cases, [](const compare::CaseComparison& c) {
        return !compare::wants_pairs(c) || !c.judgement->same_device;
      });
  return fmt::format("{} case{} inconclusive because {}. Against the baseline's own revision on "
                     "this GPU:\n{}{}",
                     count, count == 1 ? " is" : "s are",
                     other_gpu ? "the baseline does not hold this GPU"
                               : "no number of processes here tells it from this baseline",
                     commands, bundles);
}

} // namespace bench::cli
