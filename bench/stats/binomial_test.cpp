#include <bench/stats/binomial.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::stats {
namespace {

TEST(ClopperPearson, KnownValues) {
  // R: binom.test(7, 20)$conf.int
  EXPECT_NEAR(clopper_pearson(7, 20).low, 0.1539092, 1e-6);
  EXPECT_NEAR(clopper_pearson(7, 20).high, 0.5921885, 1e-6);
  // None of n: 1 - 0.025^(1 / n); all of n: 0.025^(1 / n).
  EXPECT_EQ(clopper_pearson(0, 11).low, 0);
  EXPECT_NEAR(clopper_pearson(0, 11).high, 1 - std::pow(0.025, 1.0 / 11), 1e-9);
  EXPECT_NEAR(clopper_pearson(11, 11).low, std::pow(0.025, 1.0 / 11), 1e-9);
  EXPECT_EQ(clopper_pearson(11, 11).high, 1);
}

TEST(ClopperPearson, Edges) {
  EXPECT_EQ(clopper_pearson(0, 0).low, 0);
  EXPECT_EQ(clopper_pearson(0, 0).high, 1);
  EXPECT_THROW(clopper_pearson(3, 2), std::invalid_argument);
  EXPECT_THROW(clopper_pearson(-1, 2), std::invalid_argument);
  EXPECT_THROW(clopper_pearson(1, 2, 1), std::invalid_argument);
}

} // namespace
} // namespace bench::stats
