#include <bench/compare/verdicts.h>
#include <bench/stats/percent.h>
#include <bench/text/columns.h>
#include <bench/text/comparison_table.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace bench::text {
namespace {

using compare::CaseComparison;
using compare::Comparison;
using stats::Judgement;
using stats::Verdict;

std::vector<std::string> row(const CaseComparison& c, const Judgement& judgement) {
  const long wall = hundredths(judgement.wall);
  const long work = hundredths(judgement.work.estimate);
  return {
      c.id,
      c.base_t_s ? time_text(*c.base_t_s) : "",
      c.new_t_s ? time_text(*c.new_t_s) : "",
      percent_text(wall),
      percent_text(work),
      half_width_text(judgement.work),
      // Relative drifts do not add, logarithms do: the printed figures must.
      judgement.adjusted() ? percent_text(wall - work) : "",
      c.base_energy_j && c.new_energy_j
          ? percent_text(hundredths(std::log(*c.new_energy_j / *c.base_energy_j)))
          : "",
      std::string(to_string(c.verdict)),
  };
}

/// "slower by 0.12 % +- 0.06 %"
std::string drift(const stats::Interval& work) {
  return fmt::format("{} by {:.2f} % +- {}", work.estimate < 0 ? "faster" : "slower",
                     100 * std::abs(std::expm1(work.estimate)), half_width_text(work));
}

/// What there is to say of a judged case; "" when it passed and nothing moved.
std::string remark(const CaseComparison& c, const Judgement& judgement) {
  const stats::Interval& work = judgement.work;
  switch (c.verdict) {
  case Verdict::pass:
    return std::abs(work.estimate) > work.half_width ? drift(work) + ", within the gate" : "";
  case Verdict::regression:
  case Verdict::improvement:
    return fmt::format("{}, beyond the gate of {:g} %", drift(work), 100 * c.gate);
  case Verdict::inconclusive:
    if (judgement.replicates_needed) {
      return fmt::format("{}; {} replicates in all would decide it", c.reason,
                         *judgement.replicates_needed);
    }
    break;
  case Verdict::invalid:
  case Verdict::missing:
    break;
  }
  return c.reason;
}

std::string set_aside(const std::vector<std::size_t>& indices, std::string_view arm) {
  std::vector<std::size_t> numbers(indices.size());
  std::ranges::transform(indices, numbers.begin(), [](std::size_t index) { return index + 1; });
  return fmt::format("set aside replicate{} {} of the {}: the copy that {} process timed is out of "
                     "line",
                     numbers.size() == 1 ? "" : "s", fmt::join(numbers, ", "), arm,
                     numbers.size() == 1 ? "its" : "each");
}

std::vector<std::string> remarks(const Comparison& comparison, const Style& style) {
  // Where one reason holds for many cases, like an unknown noise, one line says so.
  struct Remark {
    std::string text;
    std::vector<std::string_view> ids;
  };
  std::vector<Remark> remarks;
  for (const CaseComparison& c : comparison.cases) {
    const auto add = [&](const std::string& text) {
      const auto same = std::ranges::find(remarks, text, &Remark::text);
      if (same == remarks.end())
        remarks.push_back({text, {c.id}});
      else
        same->ids.push_back(c.id);
    };
    if (c.judgement) {
      if (const std::string text = remark(c, *c.judgement); !text.empty())
        add(fmt::format("{}: {}", verdict_mark(style, c.verdict, to_string(c.verdict)), text));
      if (c.judgement->alike_devices && !c.judgement->base_set_aside.empty()) {
        add(fmt::format("{} replicates of the baseline are not compared: their GPUs are of another "
                        "kind, by the copies that they time",
                        c.judgement->base_set_aside.size()));
      } else if (!c.judgement->base_set_aside.empty()) {
        add(set_aside(c.judgement->base_set_aside, "baseline"));
      }
      if (!c.judgement->new_set_aside.empty())
        add(set_aside(c.judgement->new_set_aside, "new result"));
    }
    if (const std::string exact = to_text(c.exact); !exact.empty())
      add(style.yellow(exact));
    if (c.explanation && c.verdict != Verdict::pass) {
      if (const std::string moved = moved_most(*c.explanation); !moved.empty())
        add("moved, by the profiles: " + moved);
    }
    if (c.judgement && std::abs(c.judgement->work.estimate) > c.judgement->work.half_width) {
      if (const std::string text = to_text(c.loops, c.judgement->work); !text.empty())
        add(text);
    }
    for (const std::string& warning : c.warnings)
      add(style.yellow(warning));
  }
  std::vector<std::string> lines;
  for (const auto& [text, ids] : remarks) {
    lines.push_back(ids.size() > 3
                        ? fmt::format("{} and {} others: {}", ids.front(), ids.size() - 1, text)
                        : fmt::format("{}: {}", fmt::join(ids, ", "), text));
  }
  return lines;
}

/// "base  1a2b3c4d of 2026-11-24 on NVIDIA H200 (GPU-6b1f2b3c)"
std::string side_line(std::string_view name, const compare::Side& side) {
  return fmt::format("{:<4}  {} of {} on {}", name, side.git_sha, side.started.substr(0, 10),
                     side.gpu);
}

} // namespace

long hundredths(double log_drift) {
  return std::lround(1e4 * std::expm1(log_drift));
}

std::string percent_text(long hundredths) {
  return fmt::format("{:+.2f} %", static_cast<double>(hundredths) / 100);
}

std::string half_width_text(const stats::Interval& interval) {
  return std::isfinite(interval.half_width)
             ? stats::half_width_percent(interval.estimate, interval.half_width)
             : "";
}

std::string verdict_mark(const Style& style, Verdict verdict, std::string_view text) {
  switch (verdict) {
  case Verdict::regression:
  case Verdict::invalid:
    return style.red(text);
  case Verdict::improvement:
  case Verdict::pass:
    return style.green(text);
  case Verdict::inconclusive:
  case Verdict::missing:
    break;
  }
  return style.yellow(text);
}

std::string time_text(double seconds) {
  const bool small = std::abs(seconds) < 1e-3;
  const double value = seconds * (small ? 1e6 : 1e3);
  const int leading =
      value == 0 ? 1 : static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
  return fmt::format("{:.{}f} {}", value, std::clamp(4 - leading, 0, 4), small ? "us" : "ms");
}

std::string comparison_table(const Comparison& comparison, const std::set<Verdict>& fail_on,
                             const Style& style) {
  std::string text;
  const auto add_line = [&text](std::string_view line) {
    fmt::format_to(std::back_inserter(text), "{}\n", line);
  };
  add_line(style.bold(fmt::format("{}, profile {}, against its baseline", comparison.scenario,
                                  comparison.profile)));
  add_line(side_line("base", comparison.base));
  add_line(side_line("now", comparison.fresh));
  for (const std::string& note : comparison.notes)
    add_line(style.yellow(note));

  Columns columns({"case", "base", "now", "wall", "work", "+-", "clock", "energy", "verdict"});
  for (const CaseComparison& c : comparison.cases) {
    if (c.judgement && c.verdict != Verdict::invalid && c.verdict != Verdict::missing) {
      columns.add(row(c, *c.judgement));
    } else { // its figures must not be used
      columns.add_remark(c.id, verdict_mark(style, c.verdict,
                                            fmt::format("{}: {}", to_string(c.verdict), c.reason)));
    }
  }
  if (!columns.empty()) {
    add_line("");
    text += columns.text(style);
  }

  if (const std::vector<std::string> lines = remarks(comparison, style); !lines.empty()) {
    add_line("");
    std::ranges::for_each(lines, add_line);
  }
  add_line("");
  if (comparison.counts().contains(Verdict::improvement))
    add_line("improved: promote with `bench baseline promote FILE --reason TEXT`");
  add_line(verdict_mark(style, overall(comparison, fail_on), verdict_line(comparison, fail_on)));
  return text;
}

std::string crept_text(const std::vector<baseline::SinceOldest>& drifts) {
  std::string text;
  for (const baseline::SinceOldest& drift : drifts)
    if (drift.crept())
      text +=
          fmt::format("since {} {} has become {} {} +- {}: no step of it need have been beyond "
                      "the gate\n",
                      drift.date, drift.id, drift.work.estimate > 0 ? "slower by" : "faster by",
                      stats::percent(drift.work.estimate), stats::percent(drift.work.half_width));
  return text;
}

} // namespace bench::text
