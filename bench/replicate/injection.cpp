#include <bench/base/error.h>
#include <bench/replicate/injection.h>

#include <fmt/format.h>

#include <algorithm>
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
  case Injection::Kind::launches:
    return fmt::format("launches={:g}%", 100 * injection.amount);
  }
  return "none";
}

Injection parse_injection(std::string_view text) {
  if (text == "none")
    return {};
  if (text == "power")
    return {.kind = Injection::Kind::power};
  const auto number = [](std::string_view digits) -> double {
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && std::isfinite(value)
               ? value
               : -1;
  };
  const auto share_behind = [&](std::string_view name) {
    const bool is_share = text.starts_with(name) && text.ends_with('%');
    return is_share ? number(text.substr(name.size(), text.size() - name.size() - 1)) / 100 : -1;
  };
  Injection injection;
  if (text.starts_with("spin="))
    injection = {Injection::Kind::spin, share_behind("spin=")};
  else if (text.starts_with("launches=")) {
    injection = {Injection::Kind::launches, share_behind("launches=")};
    if (const double parts = injection.amount * 1e4; std::abs(parts - std::round(parts)) > 1e-6)
      throw UsageError(fmt::format("'{}': no multiple of 0.01 %, so no whole launches", text));
  } else if (text.starts_with("norms="))
    injection = {Injection::Kind::norms, number(text.substr(6))};
  if (injection.amount <= 0 || injection.amount > 1e4)
    throw UsageError(fmt::format(
        "'{}': no injection; there are none, spin=0.3%, norms=10, power and launches=0.5%", text));
  return injection;
}

bool is_for(const Injection& injection, std::string_view kind) {
  return injection.kind == Injection::Kind::none ||
         (injection.kind == Injection::Kind::launches ? kind == "kernel" : kind == "loop");
}

void check_some_fits(const std::vector<Injection>& injections,
                     const std::vector<scenario::Case>& cases) {
  const auto fits = [&](const Injection& injection) {
    return std::ranges::any_of(cases, [&](const scenario::Case& c) {
      return is_for(injection, c.is_loop() ? "loop" : "kernel");
    });
  };
  if (!injections.empty() && std::ranges::none_of(injections, fits))
    throw UsageError(fmt::format("'{}' is for {}, and none is chosen: choose other cases (--only)",
                                 to_string(injections[0]),
                                 is_for(injections[0], "kernel") ? "kernels" : "loops"));
}

std::vector<std::optional<Injection>> Arms::of(std::string_view kind) const {
  std::vector<std::optional<Injection>> arms;
  for (const Injection& injection : injections)
    if (is_for(injection, kind))
      arms.emplace_back(injection);
  if (!only_injected || arms.empty())
    arms.insert(arms.begin(), std::nullopt);
  return arms;
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
