#include <bench/stats/contrast.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::stats {
namespace {

struct Value {
  std::optional<std::uint64_t> block;
  double value = 0;
  const char* device = "GPU-a";
};

/// Replicates that are one sample each.
class ContrastTest : public testing::Test {
 protected:
  Contrast of(const std::vector<Value>& base, const std::vector<Value>& fresh) {
    const auto a = observations(base), b = observations(fresh);
    EXPECT_TRUE(share_blocks(pointers(a), pointers(b)));
    return contrast_within_blocks(pointers(a), pointers(b), mean_log_time);
  }
  static std::vector<Observation> observations(const std::vector<Value>& values) {
    std::vector<Observation> all;
    for (const Value& v : values)
      all.push_back({.device = v.device,
                     .log_t = {v.value},
                     .log_f = {},
                     .group = {0},
                     .log_anchor = {},
                     .block = v.block});
    return all;
  }
  static Replicates pointers(const std::vector<Observation>& observations) {
    Replicates all;
    for (const Observation& o : observations)
      all.push_back(&o);
    return all;
  }
};

TEST_F(ContrastTest, OneReplicateABlockIsTheMeanOfPairs) {
  const std::vector<Value> base = {{1, 1}, {2, 2}, {3, 4}};
  std::vector<Value> fresh = {{1, 1.1}, {3, 4.3}, {2, 2.2}};
  const Contrast c = of(base, fresh);
  EXPECT_NEAR(c.estimate, 0.2, 1e-12);
  EXPECT_NEAR(c.squares, 0.01, 1e-12); // half of that of the differences: of one replicate
  EXPECT_EQ(c.df, 2);
  EXPECT_NEAR(c.share, 2.0 / 3, 1e-12);
  EXPECT_NEAR(c.share_of(3), c.share, 1e-12);
  EXPECT_NEAR(c.share_of(9), 1 / (3 * 0.75), 1e-12) << "three in each block";
  EXPECT_NEAR(c.share_of(3000), 1.0 / 3, 1e-3) << "the base's own replicates stay";

  fresh.push_back({9, 100}); // no such block in the base
  const Contrast more = of(base, fresh);
  EXPECT_NEAR(more.estimate, c.estimate, 1e-12);
  EXPECT_NEAR(more.squares, c.squares, 1e-12);
  EXPECT_EQ(more.df, c.df);
}

TEST_F(ContrastTest, FurtherReplicatesGoToTheBlocksThatTheBaseHas) {
  std::vector<Value> base;
  for (std::uint64_t block = 1; block <= 10; ++block)
    base.push_back({block, 1});
  const Contrast c = of(base, {{1, 1}, {2, 1}, {3, 1}});
  EXPECT_NEAR(c.share, 2.0 / 3, 1e-12);
  EXPECT_NEAR(c.share_of(3), c.share, 1e-12);
  EXPECT_NEAR(c.share_of(10), 0.2, 1e-12);
  EXPECT_NEAR(c.share_of(20), 0.15, 1e-12);
}

TEST_F(ContrastTest, LeastSquaresOfArmAndBlock) {
  // Solved by hand: block 1 weighs 2 * 1 / 3, block 2 1 * 1 / 2.
  const Contrast c = of({{1, 1.0}, {1, 1.2}, {2, 5}}, {{1, 1.4}, {2, 5.1}});
  const double estimate = (2.0 / 3 * 0.3 + 0.5 * 0.1) / (2.0 / 3 + 0.5);
  EXPECT_NEAR(c.estimate, estimate, 1e-12);
  EXPECT_NEAR(c.share, 1 / (2.0 / 3 + 0.5), 1e-12);
  EXPECT_NEAR(c.squares,
              0.02 + 2.0 / 3 * (0.3 - estimate) * (0.3 - estimate) +
                  0.5 * (0.1 - estimate) * (0.1 - estimate),
              1e-12);
  EXPECT_EQ(c.df, 2);
}

TEST_F(ContrastTest, GpusWeighAlike) {
  const Contrast c = of({{1, 1, "GPU-a"}, {2, 2, "GPU-a"}, {1, 7, "GPU-b"}},
                        {{1, 1.1, "GPU-a"}, {2, 2.1, "GPU-a"}, {1, 7.3, "GPU-b"}});
  EXPECT_NEAR(c.estimate, 0.2, 1e-12);
  EXPECT_NEAR(c.share, (1.0 + 2.0) / 4, 1e-12);
  EXPECT_EQ(c.df, 1);
}

TEST_F(ContrastTest, MeansOfTheArms) {
  const auto base = observations({{1, 1, "GPU-a"}, {2, 2, "GPU-a"}, {1, 7, "GPU-b"}});
  const auto fresh = observations({{1, 1.5, "GPU-c"}, {2, 2.5, "GPU-c"}});
  const Contrast c = contrast(pointers(base), pointers(fresh), mean_log_time);
  EXPECT_NEAR(c.base, 4.25, 1e-12);
  EXPECT_NEAR(c.estimate, 2 - 4.25, 1e-12);
  EXPECT_EQ(c.df, 2);
  EXPECT_NEAR(c.squares, 1, 1e-12);
  EXPECT_NEAR(c.share, (0.5 + 1) / 4 + 0.5, 1e-12);
  EXPECT_NEAR(c.share_of(2), c.share, 1e-12);
}

TEST_F(ContrastTest, SharedBlocks) {
  const auto share = [](const std::vector<Value>& base, const std::vector<Value>& fresh) {
    const auto a = observations(base), b = observations(fresh);
    return share_blocks(pointers(a), pointers(b));
  };
  EXPECT_TRUE(share({{1, 0}, {2, 0}}, {{2, 0}, {3, 0}}));
  EXPECT_FALSE(share({{1, 0}, {2, 0}}, {{3, 0}}));
  EXPECT_FALSE(share({{1, 0}, {{}, 0}}, {{1, 0}}));
  EXPECT_FALSE(share({{1, 0, "GPU-a"}, {1, 0, "GPU-b"}}, {{1, 0, "GPU-a"}, {2, 0, "GPU-b"}}));
}

} // namespace
} // namespace bench::stats
