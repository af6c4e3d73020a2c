#include <bench/kernel_bench/rotation.h>

#include <algorithm>
#include <cmath>

namespace bench::kernel_bench {

Rotation rotation_for(std::int64_t bytes, std::int64_t cache_bytes) {
  constexpr std::int64_t kLeast = 200'000'000;
  if (bytes * 8 < cache_bytes)
    return {.sets = 4, .in_cache = true};
  const std::int64_t between = std::max(2 * cache_bytes, kLeast);
  return {.sets = static_cast<int>(between / std::max<std::int64_t>(bytes, 1) + 2),
          .in_cache = false};
}

namespace {

/// So many rounds over the sets, or a few more.
Region region_of(double rounds, int sets) {
  constexpr int kMostRecorded = 1000;
  const int rounds_recorded = std::max(1, kMostRecorded / sets);
  const double replays = std::ceil(rounds / rounds_recorded); // alike, so that none is half needed
  return {.launches = static_cast<int>(std::ceil(rounds / replays)) * sets,
          .replays = static_cast<int>(replays)};
}

} // namespace

Region region_for(double launch_s, double least_s, int sets, double extra_share) {
  for (double rounds = std::max(1.0, std::ceil(least_s / (launch_s * sets)));; ++rounds) {
    Region region = region_of(rounds, sets);
    const double extra = extra_share * region.total();
    region.extra = static_cast<int>(std::lround(extra));
    if (std::abs(extra - region.extra) < 1e-6)
      return region;
  }
}

} // namespace bench::kernel_bench
