#include <bench/results/result.h>

#include <gtest/gtest.h>

#include <limits>

namespace bench::results {
namespace {

TEST(Pooled, JoinsReplicatesAndLeavesOutWhatIsUnknown) {
  CaseResult result;
  EXPECT_TRUE(pooled(result, &Samples::t_s).empty());
  Replicate first, second;
  first.samples.t_s = {1, 2};
  first.samples.f_hz = {1e9, std::numeric_limits<double>::quiet_NaN()};
  second.samples.t_s = {3};
  second.samples.f_hz = {2e9};
  result.replicates = {first, second};
  EXPECT_EQ(pooled(result, &Samples::t_s), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(pooled(result, &Samples::f_hz), (std::vector<double>{1e9, 2e9}));
}

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

} // namespace
} // namespace bench::results
