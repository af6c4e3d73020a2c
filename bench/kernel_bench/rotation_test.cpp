#include <bench/kernel_bench/rotation.h>

#include <gtest/gtest.h>

namespace bench::kernel_bench {
namespace {

TEST(Rotation, NoLaunchMeetsItsOwnBuffersInTheCache) {
  constexpr std::int64_t kBetween = 200'000'000;
  for (const std::int64_t bytes :
       {4128 * 3840 * 2 * 2, 26 * 3072 * 2 * 4, 32 * 3840 * 2 * 2, 210'000}) {
    const int sets = sets_for(bytes, kBetween);
    EXPECT_GE((sets - 1) * bytes, kBetween) << bytes;
    EXPECT_LE((sets - 2) * bytes, kBetween) << bytes << ": no more than it takes";
  }
  EXPECT_EQ(sets_for(std::int64_t{1} << 40, kBetween), 2);
  EXPECT_EQ(sets_for(64, kBetween), 1000) << "are recorded all";
}

TEST(Rotation, OfACpuIsShort) {
  const auto cpu = device::open_device(scenario::DeviceKind::cpu);
  EXPECT_EQ(bytes_between(*cpu), 4 << 20);
}

TEST(Region, LastsLongEnough) {
  for (const double launch_s : {1e-6, 2e-5, 3e-3, 0.5})
    for (const int sets : {2, 4, 5, 600}) {
      const Region region = region_for(launch_s, 0.02, sets);
      EXPECT_GE(region.total() * launch_s, 0.02);
      EXPECT_EQ(region.launches % sets, 0);
      EXPECT_LE(region.launches, std::max(1000, sets));
      EXPECT_LE((region.total() - region.replays * sets) * launch_s, 0.02)
          << launch_s << " " << sets << ": a round a replay too long at most";
      EXPECT_EQ(region.extra, 0);
    }
}

TEST(Region, HasAWholeNumberOfExtraLaunches) {
  for (const double launch_s : {1e-6, 2e-5, 3e-3})
    for (const int sets : {2, 3, 4, 600})
      for (const double share : {0.0001, 0.001, 0.005, 0.015}) {
        const Region region = region_for(launch_s, 0.02, sets, share);
        EXPECT_NEAR(region.extra, share * region.total(), 1e-6);
        EXPECT_GE(region.extra, 1);
        EXPECT_GE(region.total() * launch_s, 0.02);
        EXPECT_EQ(region.launches % sets, 0);
      }
}

} // namespace
} // namespace bench::kernel_bench
