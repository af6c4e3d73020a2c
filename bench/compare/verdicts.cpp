#include <bench/base/error.h>
#include <bench/base/nearest.h>
#include <bench/compare/verdicts.h>

#include <fmt/format.h>

#include <array>

namespace bench::compare {
namespace {

using stats::Verdict;

/// From what to report first, in step with ExitCode's.
constexpr std::array<Verdict, 6> kWorstFirst{Verdict::regression,   Verdict::improvement,
                                             Verdict::invalid,      Verdict::missing,
                                             Verdict::inconclusive, Verdict::pass};

ExitCode exit_code_of(Verdict verdict) {
  switch (verdict) {
  case Verdict::pass:
    return ExitCode::ok;
  case Verdict::regression:
  case Verdict::improvement:
    return ExitCode::regression;
  case Verdict::inconclusive:
    return ExitCode::inconclusive;
  case Verdict::invalid:
    return ExitCode::invalid;
  case Verdict::missing:
    return ExitCode::missing;
  }
  return ExitCode::invalid;
}

} // namespace

std::set<Verdict> parse_fail_on(std::string_view text) {
  std::set<Verdict> verdicts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
    bool known = false;
    std::vector<std::string> words;
    for (const Verdict verdict : kWorstFirst) {
      if (verdict == Verdict::pass)
        continue;
      words.emplace_back(to_string(verdict));
      if (words.back() == word) {
        verdicts.insert(verdict);
        known = true;
      }
    }
    if (!known) {
      throw UsageError(
          fmt::format("--fail-on: no verdict '{}'{}", word, hint(std::string(word), words)));
    }
  }
  return verdicts;
}

ExitCode exit_code(const Counts& counts, const std::set<Verdict>& fail_on) {
  ExitCode code = ExitCode::ok;
  for (const auto& [verdict, count] : counts)
    if (fail_on.contains(verdict))
      code = worse(code, exit_code_of(verdict));
  return code;
}

ExitCode exit_code(const Comparison& comparison, const std::set<Verdict>& fail_on) {
  return exit_code(comparison.counts(), fail_on);
}

Verdict overall(const Comparison& comparison, const std::set<Verdict>& fail_on) {
  return overall(comparison.counts(), fail_on);
}

std::string verdict_line(const Comparison& comparison, const std::set<Verdict>& fail_on) {
  return verdict_line(comparison.counts(), fail_on);
}

Verdict overall(const Counts& counts, const std::set<Verdict>& fail_on) {
  for (const Verdict verdict : kWorstFirst)
    if (fail_on.contains(verdict) && counts.contains(verdict))
      return verdict;
  if (counts.contains(Verdict::pass) || counts.contains(Verdict::improvement))
    return Verdict::pass;
  for (const Verdict verdict : kWorstFirst)
    if (counts.contains(verdict))
      return verdict;
  return Verdict::missing;
}

std::string verdict_line(const Counts& counts, const std::set<Verdict>& fail_on) {
  std::string line = fmt::format("verdict: {} (", to_string(overall(counts, fail_on)));
  std::string_view separator;
  for (const Verdict verdict : stats::kVerdicts) {
    if (const auto count = counts.find(verdict); count != counts.end()) {
      line += fmt::format("{}{} {}", separator, count->second, to_string(verdict));
      separator = ", ";
    }
  }
  return line + (counts.empty() ? "no cases)" : ")");
}

} // namespace bench::compare
