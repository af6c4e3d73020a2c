#include <bench/results/result.h>

#include <gtest/gtest.h>

#include <limits>

namespace bench::results {
namespace {

TEST(MeanTemperature, IsOfBeforeAndAfter) {
  Replicate replicate;
  EXPECT_FALSE(mean_temperature(replicate)); // a CPU
  replicate.machine["before"]["temperature_c"] = 50;
  EXPECT_FALSE(mean_temperature(replicate));
  replicate.machine["after"]["power_w"] = 690;
  EXPECT_FALSE(mean_temperature(replicate)); // NVML did not say
  replicate.machine["after"]["temperature_c"] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(mean_temperature(replicate));
  replicate.machine["after"]["temperature_c"] = 66;
  EXPECT_EQ(mean_temperature(replicate), 58);
}

TEST(LookedLocked, IsOfHalfTheReadings) {
  Replicate replicate;
  EXPECT_FALSE(looked_locked(replicate));
  replicate.machine["sampled"]["locked"] = 0.4;
  EXPECT_FALSE(looked_locked(replicate));
  replicate.machine["sampled"]["locked"] = 0.5;
  EXPECT_TRUE(looked_locked(replicate));
}

TEST(Origins, AreKeptOnceAndOnlyWhereTheyAreNotTheResultsOwn) {
  Result result;
  result.git_sha = "aaaa";
  result.profile = "gate";
  result.machine["driver"]["version"] = "580.1";
  result.settings["promotion"]["reason"] = "why";
  result.cases.resize(1);
  std::vector<Replicate>& replicates = result.cases[0].replicates;
  replicates.resize(4);
  const Origin own{"aaaa", false, "gate", {{"driver", {{"version", "580.1"}}}}, {}};
  const Origin other{"aaaa", false, "full", {{"driver", {{"version", "590.2"}}}}, {}};
  const Origin older{"bbbb", false, "gate", own.machine, {}};
  set_origin(result, replicates[0], own);
  set_origin(result, replicates[1], other);
  set_origin(result, replicates[2], older);
  set_origin(result, replicates[3], other);
  EXPECT_EQ(result.origins, (std::vector<Origin>{other, older}));
  EXPECT_EQ(replicates[0].origin, std::nullopt);
  EXPECT_EQ(origin_of(result, replicates[0].origin), own) << "how it was promoted is no origin";
  EXPECT_EQ(origin_of(result, replicates[3].origin), other);
  EXPECT_EQ(profile_of(result, replicates[0]), "gate");
  EXPECT_EQ(profile_of(result, replicates[1]), "full");
  EXPECT_EQ(revision_of(result, replicates[0]), "aaaa");
  EXPECT_EQ(revision_of(result, replicates[2]), "bbbb");

  replicates.erase(replicates.begin() + 1);
  replicates.pop_back();
  prune_origins(result);
  EXPECT_EQ(result.origins, std::vector<Origin>{older});
  EXPECT_EQ(origin_of(result, replicates[1].origin), older);
  EXPECT_EQ(origin_of(result, replicates[0].origin), own);
}

TEST(Origins, OfUncommittedChangesAreOrigins) {
  Result result;
  result.git_sha = "aaaa";
  Replicate replicate;
  set_origin(result, replicate, {"aaaa", true, {}, {}, {}});
  ASSERT_TRUE(replicate.origin) << "not the result's own, which is of the commit";
  EXPECT_TRUE(origin_of(result, replicate.origin).git_dirty);
  result.git_dirty = true;
  EXPECT_TRUE(origin_of(result, std::nullopt).git_dirty);
}

} // namespace
} // namespace bench::results
