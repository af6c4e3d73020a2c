#include <bench/base/error.h>
#include <bench/scenario/faults.h>

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace bench::scenario {

void Faults::add(const Place& place, std::string message) {
  faults_.push_back({place, std::move(message)});
}

void Faults::throw_if_any() const {
  if (faults_.empty())
    return;
  std::vector<Fault> sorted = faults_;
  std::ranges::stable_sort(sorted, {}, [](const Fault& fault) {
    const Place& place = fault.place;
    return std::tuple(!place.override_key.empty(), place.line, place.column);
  });
  std::string lines;
  for (const auto& [place, message] : sorted) {
    lines += lines.empty() ? "" : "\n";
    lines += place.override_key.empty()
                 ? fmt::format("{}:{}:{}: {}", file_, place.line, place.column, message)
                 : fmt::format("--set {}: {}", place.override_key, message);
  }
  throw UsageError(lines);
}

} // namespace bench::scenario
