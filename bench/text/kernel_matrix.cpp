#include <bench/compare/judged_samples.h>
#include <bench/stats/summary.h>
#include <bench/text/columns.h>
#include <bench/text/kernel_matrix.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace bench::text {
namespace {

using results::CaseResult;

struct Cell {
  double t_s = 0;
  std::optional<double> of_copy;
  std::optional<double> drift; ///< of log time
};

std::optional<Cell> cell_of(const CaseResult& result) {
  const std::vector<double> times = compare::pooled(result, &results::Samples::t_s);
  if (result.status != results::CaseStatus::ok || times.empty())
    return std::nullopt;
  Cell cell{.t_s = stats::median(times), .of_copy = {}, .drift = {}};
  if (result.reference.copy_t_s)
    cell.of_copy = *result.reference.copy_t_s / cell.t_s;
  return cell;
}

std::string text_of(const Cell& cell) {
  const double us = cell.t_s * 1e6;
  const std::string time = fmt::format("{:.{}f}", us, us < 10 ? 2 : us < 100 ? 1 : 0);
  std::string text = cell.of_copy ? fmt::format("{} {:3.0f} %", time, 100 * *cell.of_copy) : time;
  if (cell.drift)
    text += fmt::format(" {:+.1f} %", 100 * std::expm1(*cell.drift));
  return text;
}

std::optional<double> drift_of(const std::string& id, const compare::Comparison* comparison) {
  if (!comparison)
    return std::nullopt;
  const auto found = std::ranges::find(comparison->cases, id, &compare::CaseComparison::id);
  return found == comparison->cases.end() || !found->judgement
             ? std::nullopt
             : std::optional(found->judgement->work.estimate);
}

} // namespace

std::string kernel_matrix(const results::Result& result, const Style& style,
                          const compare::Comparison* comparison) {
  std::vector<std::string> rows, paths; // in the order of the result
  std::map<std::pair<std::string, std::string>, Cell> cells;
  const auto add_once = [](std::vector<std::string>& all, const std::string& one) {
    if (std::ranges::find(all, one) == all.end())
      all.push_back(one);
  };
  for (const CaseResult& c : result.cases) {
    if (c.kind != "kernel" || c.id.find('#') != std::string::npos) // no path, but a known change
      continue;
    // "scenario/family/shape/path"
    const std::size_t first = c.id.find('/'), last = c.id.rfind('/');
    if (first == last)
      continue;
    const std::string row = c.id.substr(first + 1, last - first - 1), path = c.id.substr(last + 1);
    if (auto cell = cell_of(c)) {
      add_once(rows, row);
      add_once(paths, path);
      cell->drift = drift_of(c.id, comparison);
      cells[{row, path}] = *cell;
    }
  }
  if (cells.size() == rows.size()) // none has two
    return "";
  std::vector<std::string> headers{comparison ? "us a launch, share of a copy, drift"
                                              : "us a launch, share of a copy"};
  headers.insert(headers.end(), paths.begin(), paths.end());
  headers.emplace_back("best");
  Columns columns(headers);
  for (const std::string& row : rows) {
    std::vector<std::string> line{row};
    const std::string* best = nullptr;
    double least_s = 0;
    for (const std::string& path : paths) {
      const auto cell = cells.find({row, path});
      line.push_back(cell == cells.end() ? "" : text_of(cell->second));
      if (cell != cells.end() && (!best || cell->second.t_s < least_s)) {
        best = &path;
        least_s = cell->second.t_s;
      }
    }
    line.push_back(best ? *best : "");
    columns.add(std::move(line));
  }
  return columns.text(style);
}

} // namespace bench::text
