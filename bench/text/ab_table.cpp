#include <bench/compare/verdicts.h>
#include <bench/text/ab_table.h>
#include <bench/text/columns.h>
#include <bench/text/comparison_table.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace bench::text {
namespace {

using compare::AbCase;
using compare::AbComparison;
using stats::PairedJudgement;
using stats::Verdict;

std::vector<std::string> row(const AbCase& c, const PairedJudgement& judgement) {
  const long wall = hundredths(judgement.wall.drift.estimate);
  const long work = hundredths(judgement.work.drift.estimate);
  return {
      c.id,
      c.a_t_s ? time_text(*c.a_t_s) : "",
      c.b_t_s ? time_text(*c.b_t_s) : "",
      percent_text(wall),
      half_width_text(judgement.wall.drift),
      percent_text(work),
      half_width_text(judgement.work.drift),
      judgement.adjusted() ? percent_text(wall - work) : "",
      judgement.energy ? percent_text(hundredths(judgement.energy->drift.estimate)) : "",
      judgement.energy ? half_width_text(judgement.energy->drift) : "",
      std::string(to_string(c.verdict)),
  };
}

std::string side_line(std::string_view name, const compare::Side& side, const std::string& label) {
  return fmt::format("{}  {}, {} on {}", name, label, side.git_sha, side.gpu);
}

void add_remarks(std::vector<std::string>& lines, const AbCase& c, const Style& style) {
  if (c.judgement) {
    const PairedJudgement& judgement = *c.judgement;
    if (!c.reason.empty() && judgement.pairs > 0)
      lines.push_back(fmt::format("{}: {}: {}", c.id,
                                  verdict_mark(style, c.verdict, to_string(c.verdict)), c.reason));
    if (judgement.slope && judgement.wall.verdict == Verdict::inconclusive &&
        c.verdict == Verdict::pass && std::abs(judgement.wall.drift.estimate) > std::log1p(c.gate))
      lines.push_back(
          fmt::format("{}: wall looks beyond the gate, but its interval does not tell", c.id));
    if (!judgement.set_aside.empty()) {
      std::vector<std::size_t> numbers;
      for (const std::size_t index : judgement.set_aside)
        numbers.push_back(index + 1);
      lines.push_back(
          fmt::format("{}: set aside pair {}: the copies that its processes timed differ", c.id,
                      fmt::join(numbers, ", ")));
    }
  }
  if (const std::string exact = to_text(c.exact); !exact.empty())
    lines.push_back(fmt::format("{}: {}", c.id, style.yellow(exact)));
  if (c.explanation && c.verdict != Verdict::pass)
    if (const std::string moved = moved_most(*c.explanation); !moved.empty())
      lines.push_back(fmt::format("{}: moved, by the profiles: {}", c.id, moved));
  for (const std::string& warning : c.warnings)
    lines.push_back(fmt::format("{}: {}", c.id, style.yellow(warning)));
}

} // namespace

std::string ab_table(const AbComparison& comparison, const std::string& label_a,
                     const std::string& label_b, const std::set<Verdict>& fail_on,
                     const Style& style) {
  std::string text;
  const auto add_line = [&text](std::string_view line) {
    fmt::format_to(std::back_inserter(text), "{}\n", line);
  };
  int pairs = 0;
  for (const AbCase& c : comparison.cases)
    if (c.judgement)
      pairs = std::max(pairs, c.judgement->pairs);
  add_line(style.bold(fmt::format("{}, profile {}, B against A in {} pair{} of processes",
                                  comparison.scenario, comparison.profile, pairs,
                                  pairs == 1 ? "" : "s")));
  add_line(side_line("A", comparison.a, label_a));
  add_line(side_line("B", comparison.b, label_b));
  for (const std::string& note : comparison.notes)
    add_line(style.yellow(note));

  Columns columns(
      {"case", "A", "B", "wall", "+-", "work", "+-", "clock", "energy", "+-", "verdict"});
  std::vector<std::string> lines;
  for (const AbCase& c : comparison.cases) {
    if (c.judgement && c.judgement->pairs > 0)
      columns.add(row(c, *c.judgement));
    else
      columns.add_remark(c.id, verdict_mark(style, c.verdict,
                                            fmt::format("{}: {}", to_string(c.verdict), c.reason)));
    add_remarks(lines, c, style);
  }
  add_line("");
  text += columns.text(style);
  if (!lines.empty()) {
    add_line("");
    std::ranges::for_each(lines, add_line);
  }
  add_line("");
  const auto counts = comparison.counts();
  add_line(verdict_mark(style, compare::overall(counts, fail_on),
                        compare::verdict_line(counts, fail_on)));
  return text;
}

} // namespace bench::text
