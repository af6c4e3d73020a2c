#include <bench/stats/contrast.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bench::stats {
namespace {

TEST(Contrast, IsOfTheMeansOfTheArmsOverTheirGpus) {
  const auto observations = [](const std::vector<std::pair<std::string, double>>& values) {
    std::vector<Observation> all;
    for (const auto& [device, value] : values)
      all.push_back(
          {.device = device, .log_t = {value}, .log_f = {}, .group = {0}, .log_anchor = {}});
    return all;
  };
  const auto pointers = [](const std::vector<Observation>& all) {
    Replicates replicates;
    for (const Observation& one : all)
      replicates.push_back(&one);
    return replicates;
  };
  const auto base = observations({{"GPU-a", 1}, {"GPU-a", 2}, {"GPU-b", 7}});
  const auto fresh = observations({{"GPU-c", 1.5}, {"GPU-c", 2.5}});
  const Contrast c = contrast(pointers(base), pointers(fresh), mean_log_time);
  EXPECT_NEAR(c.base, 4.25, 1e-12);
  EXPECT_NEAR(c.estimate, 2 - 4.25, 1e-12);
  EXPECT_EQ(c.df, 2);
  EXPECT_NEAR(c.squares, 1, 1e-12);
  EXPECT_NEAR(c.share, (0.5 + 1) / 4 + 0.5, 1e-12);
  EXPECT_NEAR(c.base_share + 1.0 / 2, c.share, 1e-12);
  EXPECT_NEAR(c.base_share, (0.5 + 1) / 4, 1e-12) << "the base's own replicates stay";
}

} // namespace
} // namespace bench::stats
