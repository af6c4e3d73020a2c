#pragma once

#include <bench/text/terminal.h>

#include <string>
#include <vector>

namespace bench::text {

/// Rows of text under a header in aligned columns: the first to the left, the others, numbers, to
/// the right. A column in which no row has an entry is left out; elsewhere "-" stands for what is
/// missing.
class Columns {
 public:
  explicit Columns(std::vector<std::string> headers) : headers_(std::move(headers)) {}

  bool empty() const { return rows_.empty(); }

  /// One cell a column; "" for what is not known.
  void add(std::vector<std::string> cells);
  /// A row that has a remark (styled, if need be) in place of its numbers.
  void add_remark(std::string first, std::string remark);

  std::string text(const Style& style) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string remark;
  };
  /// 0: the column is left out.
  std::vector<std::size_t> widths() const;

  std::vector<std::string> headers_;
  std::vector<Row> rows_;
};

} // namespace bench::text
