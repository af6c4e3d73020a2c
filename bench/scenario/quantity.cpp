#include <bench/scenario/quantity.h>

#include <charconv>
#include <cmath>

namespace bench::scenario {

namespace {

template <typename Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end)
    return std::nullopt;
  return value;
}

/// `text` without `unit` and the spaces before it, or nothing when it ends otherwise.
std::optional<std::string_view> without_unit(std::string_view text, std::string_view unit) {
  if (!text.ends_with(unit))
    return std::nullopt;
  text.remove_suffix(unit.size());
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

} // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  return parse_whole<std::int64_t>(text);
}

std::optional<double> parse_number(std::string_view text) {
  const std::optional<double> value = parse_whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<double> parse_fraction(std::string_view text) {
  if (const auto percent = without_unit(text, "%")) {
    const std::optional<double> value = parse_number(*percent);
    return value ? std::optional(*value / 100) : std::nullopt;
  }
  return parse_number(text);
}

std::optional<double> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double factor;
    double divisor;
  };
  // A division, because 500 / 1000 is exact where 500 * 0.001 may not be. "ms" goes before "s".
  for (const Unit& unit : {Unit{"ms", 1, 1000}, Unit{"s", 1, 1}, Unit{"min", 60, 1}}) {
    if (const auto digits = without_unit(text, unit.name)) {
      const std::optional<double> value = parse_number(*digits);
      return value ? std::optional(*value * unit.factor / unit.divisor) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Resolution> parse_resolution(std::string_view text) {
  const std::size_t cross = text.find('x');
  if (cross == std::string_view::npos)
    return std::nullopt;
  const auto width = parse_integer(text.substr(0, cross));
  const auto height = parse_integer(text.substr(cross + 1));
  return width && height ? std::optional(Resolution{*width, *height}) : std::nullopt;
}

} // namespace bench::scenario
