#include <bench/compare/fake_data_set.h>
#include <bench/compare/off_the_line.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::compare {
namespace {

const std::vector<KnownArm> kArms{{"l#spin=3%", std::log1p(0.03)}, {"l#power", 0}};

results::Result data() {
  return fake_data_set(
      0.0001, 20,
      {{"l"},
       {.id = "l#spin=3%", .drift = std::log1p(0.03), .log_clock = 0.01, .off_the_line = 0.0004},
       {.id = "l#power", .log_clock = 0.05}});
}

TEST(OffTheLine, IsWhatTheArmIsOffItsTruth) {
  const auto found = off_the_line(data(), "l", kArms);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, "l#spin=3%");
  EXPECT_EQ(found[0].processes, 60);
  EXPECT_NEAR(found[0].clocks_apart, 0.01, 0.002);
  EXPECT_NEAR(found[0].error, 0.0004, 4 * found[0].error_se);
  EXPECT_LT(found[0].error_se, 0.00005);
  EXPECT_NEAR(found[1].clocks_apart, 0.05, 0.002);
  EXPECT_NEAR(found[1].error, 0, 4 * found[1].error_se);
  for (const OffTheLine& each : found)
    EXPECT_NEAR(each.follows, 0, 4 * each.follows_se);
}

TEST(OffTheLine, FollowsAClockThatTheLineDoesNotKnow) {
  results::Result all = data();
  for (results::CaseResult& c : all.cases) // between processes another slope than within loops
    for (results::Replicate& r : c.replicates) {
      double log_clock = 0;
      for (const double f : r.samples.f_hz)
        log_clock += std::log(f / 1.5e9) / static_cast<double>(r.samples.f_hz.size());
      for (double& t : r.samples.t_s)
        t *= std::exp(0.1 * log_clock);
    }
  const auto found = off_the_line(all, "l", kArms);
  EXPECT_NEAR(found[1].follows, 0.1, 4 * found[1].follows_se);
  EXPECT_LT(found[1].follows_se, 0.02);
  EXPECT_NEAR(found[1].error, 0.1 * found[1].clocks_apart, 4 * found[1].error_se);
}

TEST(OffTheLine, OfKernelsThereIsNoLine) {
  results::Result all = data();
  for (results::CaseResult& c : all.cases)
    c.kind = "kernel";
  EXPECT_TRUE(off_the_line(all, "l", kArms).empty());
}

} // namespace
} // namespace bench::compare
