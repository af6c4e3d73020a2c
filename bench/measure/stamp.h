#pragma once

#include <bench/measure/marker.h>

#include <cstddef>
#include <cstdint>

namespace bench::measure {

/// What one SM stored when a stamp ran on it.
struct SmStamp {
  std::uint32_t sm = 0;      ///< %smid
  std::int64_t cycles = 0;   ///< clock64()
  std::uint64_t time_ns = 0; ///< %globaltimer
};

/// The span between two stamps of `sms` SMs each. Time and frequency are medians over the SMs, so
/// that one odd SM does not count. Invalid when an SM is missing or appears twice, when a counter
/// runs backwards, or when the SMs disagree about the time by more than 20 us and 1 % of it.
/// start_s is relative to `origin_ns`.
Span between(const SmStamp* first, const SmStamp* second, std::size_t sms, std::uint64_t origin_ns);

} // namespace bench::measure
