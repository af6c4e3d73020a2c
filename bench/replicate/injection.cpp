#include <bench/base/error.h>
#include <bench/replicate/injection.h>

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace bench::replicate {

std::string to_string(const Injection& injection) {
  switch (injection.kind) {
  case Injection::Kind::none:
    break;
  case Injection::Kind::spin:
    return fmt::format("spin={:g}%", 100 * injection.amount);
  case Injection::Kind::norms:
    return fmt::format("norms={:g}", injection.amount);
  case Injection::Kind::power:
    return "power";
  }
  return "none";
}

Injection parse_injection(std::string_view text) {
  if (text == "none")
    return {};
  if (text == "power")
    return {.kind = Injection::Kind::power};
  const auto number = [](std::string_view digits) {
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && std::isfinite(value)
               ? value
               : -1;
  };
  Injection injection;
  if (text.starts_with("spin=") && text.ends_with("%"))
    injection = {Injection::Kind::spin, number(text.substr(5, text.size() - 6)) / 100};
  else if (text.starts_with("norms="))
    injection = {Injection::Kind::norms, number(text.substr(6))};
  if (injection.amount <= 0 || injection.amount > 1e4)
    throw UsageError(
        fmt::format("'{}': no injection; there are none, spin=0.3%, norms=10 and power", text));
  return injection;
}

scenario::LoopCase injected_loop(scenario::LoopCase loop, const Injection& injection) {
  if (injection.kind != Injection::Kind::power)
    return loop;
  if (loop.model.weights != "random")
    throw UnavailableError("less power needs random weights, of which it takes the signs; leave "
                           "model.weights away");
  loop.model.weights = "signs";
  return loop;
}

std::string injected_id(std::string_view id, const Injection& injection) {
  return fmt::format("{}#{}", id, to_string(injection));
}

std::string id_without_injection(std::string_view id) {
  return std::string(id.substr(0, id.find('#')));
}

} // namespace bench::replicate
