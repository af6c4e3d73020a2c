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

} // namespace
} // namespace bench::results
