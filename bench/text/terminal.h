#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace bench::text {

/// What a stream leads to.
struct Terminal {
  bool interactive =
      false;           ///< a terminal on which a line can be rewritten: TERM is set and not "dumb"
  bool styled = false; ///< and colours are welcome: NO_COLOR is unset or empty (no-color.org)
  int width = 80;      ///< columns; 80 where nobody knows
};

/// As it is now: a person may resize the window.
Terminal inspect_terminal(std::FILE* stream);

/// Marks up text for a terminal; leaves it alone for files, pipes and those who want no colour.
/// Styles do not nest. Pad text before it is styled: the marks have length but no width.
class Style {
 public:
  explicit Style(bool enabled) : enabled_(enabled) {}

  std::string bold(std::string_view text) const;
  std::string dim(std::string_view text) const;
  std::string red(std::string_view text) const;
  std::string green(std::string_view text) const;
  std::string yellow(std::string_view text) const;

 private:
  std::string mark(int code, std::string_view text) const;

  bool enabled_;
};

} // namespace bench::text
