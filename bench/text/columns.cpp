#include <bench/text/columns.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bench::text {

void Columns::add(std::vector<std::string> cells) {
  if (cells.size() != headers_.size())
    throw std::invalid_argument("a row needs one cell for each column");
  rows_.push_back({std::move(cells), ""});
}

void Columns::add_remark(std::string first, std::string remark) {
  std::vector<std::string> cells(headers_.size());
  cells.front() = std::move(first);
  rows_.push_back({std::move(cells), std::move(remark)});
}

std::vector<std::size_t> Columns::widths() const {
  std::vector<std::size_t> widths(headers_.size(), 0);
  for (std::size_t column = 0; column < widths.size(); ++column) {
    for (const Row& row : rows_)
      widths[column] = std::max(widths[column], row.cells[column].size());
    if (widths[column] > 0)
      widths[column] = std::max(widths[column], headers_[column].size());
  }
  return widths;
}

std::string Columns::text(const Style& style) const {
  constexpr std::string_view kGap = "  ";
  const std::vector<std::size_t> widths = this->widths();
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string result = fmt::format("{:<{}}", cells[0], widths[0]);
    for (std::size_t column = 1; column < widths.size(); ++column) {
      if (widths[column] > 0) {
        const std::string_view cell = cells[column].empty() ? "-" : std::string_view(cells[column]);
        result += fmt::format("{}{:>{}}", kGap, cell, widths[column]);
      }
    }
    result.erase(result.find_last_not_of(' ') + 1);
    return result;
  };
  std::string result = style.bold(line(headers_)) + "\n";
  for (const Row& row : rows_) {
    result += row.remark.empty()
                  ? line(row.cells)
                  : fmt::format("{:<{}}{}{}", row.cells[0], widths[0], kGap, row.remark);
    result += '\n';
  }
  return result;
}

} // namespace bench::text
