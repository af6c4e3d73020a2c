#include <bench/compare/csv.h>

#include <fmt/format.h>

#include <cmath>

namespace bench::compare {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos)
    return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c;
    if (c == '"')
      quoted += c;
  }
  return quoted + "\"";
}

std::string csv_number(std::optional<double> value) {
  return value && std::isfinite(*value) ? fmt::format("{:.9g}", *value) : "";
}

} // namespace bench::compare
