#include <bench/kernel_bench/rotation.h>

#include <algorithm>
#include <cmath>

namespace bench::kernel_bench {

namespace {

constexpr int kMostRecorded = 1000;

/// So many rounds over the sets, or a few more.
Region region_of(double rounds, int sets) {
  const int rounds_recorded = std::max(1, kMostRecorded / sets);
  const double replays = std::ceil(rounds / rounds_recorded); // alike, so that none is half needed
  return {.launches = static_cast<int>(std::ceil(rounds / replays)) * sets,
          .replays = static_cast<int>(replays)};
}

} // namespace

std::int64_t bytes_between(device::Device& device) {
  if (device.kind() == scenario::DeviceKind::cpu)
    return 4 << 20;
  return std::max<std::int64_t>(2 * device.l2_bytes(), 200'000'000);
}

int sets_for(std::int64_t bytes, std::int64_t between) {
  return static_cast<int>(
      std::min<std::int64_t>(between / std::max<std::int64_t>(bytes, 1) + 2, kMostRecorded));
}

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
