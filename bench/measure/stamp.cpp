#include <bench/measure/stamp.h>
#include <bench/stats/summary.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

namespace bench::measure {
namespace {

/// The stamps by SM number; nothing when an SM appears twice or out of range.
std::optional<std::vector<const SmStamp*>> by_sm(std::span<const SmStamp> stamps) {
  std::vector<const SmStamp*> table(stamps.size(), nullptr);
  for (const SmStamp& s : stamps) {
    if (s.sm >= table.size() || table[s.sm])
      return std::nullopt;
    table[s.sm] = &s;
  }
  return table;
}

} // namespace

Span between(const SmStamp* first, const SmStamp* second, std::size_t sms,
             std::uint64_t origin_ns) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Span span{.start_s = nan, .t_s = nan, .f_hz = nan, .slowest_f_hz = nan, .valid = false};
  const auto a = by_sm({first, sms});
  const auto b = by_sm({second, sms});
  if (!a || !b || a->empty())
    return span;

  std::vector<double> times, frequencies;
  std::uint64_t start_ns = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t sm = 0; sm < a->size(); ++sm) {
    const SmStamp& from = *(*a)[sm];
    const SmStamp& to = *(*b)[sm];
    if (to.time_ns <= from.time_ns || to.cycles <= from.cycles)
      return span;
    const double t = static_cast<double>(to.time_ns - from.time_ns) * 1e-9;
    times.push_back(t);
    frequencies.push_back(static_cast<double>(to.cycles - from.cycles) / t);
    start_ns = std::min(start_ns, from.time_ns);
  }
  const auto [shortest, longest] = std::ranges::minmax(times);
  span.t_s = stats::median(times);
  span.slowest_f_hz = *std::ranges::min_element(frequencies);
  span.f_hz = stats::median(frequencies);
  span.start_s = (static_cast<double>(start_ns) - static_cast<double>(origin_ns)) * 1e-9;
  span.valid = longest - shortest <= 20e-6 || longest - shortest <= 0.01 * span.t_s;
  return span;
}

} // namespace bench::measure
