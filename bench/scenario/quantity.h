#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// The text of a scalar as a number. Each takes the whole text or gives nothing.
namespace bench::scenario {

struct Resolution {
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool operator==(const Resolution&) const = default;
};

std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);   ///< finite: "5", "0.5", "1e-3"
std::optional<double> parse_fraction(std::string_view text); ///< "0.2 %" and "0.002" alike
std::optional<double> parse_duration(std::string_view text); ///< seconds: "2 s", "500 ms", "1 min"
std::optional<Resolution> parse_resolution(std::string_view text); ///< "1024x768"

} // namespace bench::scenario
