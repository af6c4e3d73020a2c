#include <bench/kernel_bench/rotation.h>

#include <gtest/gtest.h>

namespace bench::kernel_bench {
namespace {

constexpr std::int64_t kL2 = 60 << 20;

TEST(Rotation, LargeTensorsNeverMeetThemselvesInTheCache) {
  const std::int64_t bytes = 4128 * 3840 * 2 * 2;
  const Rotation r = rotation_for(bytes, kL2);
  EXPECT_FALSE(r.in_cache);
  EXPECT_GE((r.sets - 1) * bytes, 200'000'000);
  EXPECT_LE(r.sets, 6);
  EXPECT_EQ(rotation_for(std::int64_t{1} << 40, kL2).sets, 2);
}

TEST(Rotation, SmallOnesStayThere) {
  const Rotation r = rotation_for(32 * 3840 * 2 * 2, kL2);
  EXPECT_TRUE(r.in_cache);
  EXPECT_EQ(r.sets, 4);
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
