#include <bench/stats/variance.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace bench::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Tables of Student's and Fisher's distributions (R: qt, qf).
TEST(Variance, Quantiles) {
  EXPECT_NEAR(student_quantile(0.995, 1), 63.656741, 1e-6);
  EXPECT_NEAR(student_quantile(0.995, 4), 4.604095, 1e-6);
  EXPECT_NEAR(student_quantile(0.995, 24), 2.796940, 1e-6);
  EXPECT_NEAR(student_quantile(0.975, 10), 2.228139, 1e-6);
  EXPECT_NEAR(student_quantile(0.995, kInfinity), 2.575829, 1e-6);
  EXPECT_NEAR(fisher_quantile(0.99, 4, 20), 4.430690, 1e-6);
  EXPECT_NEAR(fisher_quantile(0.99, 2, 10), 7.559432, 1e-6);
  EXPECT_NEAR(fisher_quantile(0.95, 5, 10), 3.325835, 1e-6);
  EXPECT_NEAR(three_sigma(1), 235.80, 0.03);
  EXPECT_NEAR(three_sigma(1e9), 3, 1e-6);
}

TEST(Variance, ModeratedIsTheMeanByDegreesOfFreedom) {
  const Variance both = moderated({3, 4}, {1, 12});
  EXPECT_DOUBLE_EQ(both.value, 1.5); // (4 * 3 + 12 * 1) / 16
  EXPECT_EQ(both.df, 16);
}

TEST(Variance, ModeratedWithOneUnknownIsTheOther) {
  EXPECT_EQ(moderated({3, 4}, {1, 0}).value, 3);
  EXPECT_EQ(moderated({3, 4}, {1, 0}).df, 4);
  EXPECT_EQ(moderated({0, 0}, {1, 12}).value, 1);
  EXPECT_EQ(moderated({0, 0}, {1, 12}).df, 12);
  EXPECT_EQ(moderated({0, 0}, {1, 0}).df, 0);
}

TEST(Variance, PriorIsDroppedPastFishersQuantile) {
  EXPECT_EQ(moderated({5.17, 4}, {1, 20}).df, 24); // F(4, 20) is 5.174 at 99.5 %
  EXPECT_EQ(moderated({5.18, 4}, {1, 20}).df, 4);
  EXPECT_EQ(moderated({5.18, 4}, {1, 20}).value, 5.18);
}

TEST(Variance, HalfWidth) {
  const std::array one{Variance{4, 10}};
  EXPECT_NEAR(half_width(one, 0.95), 2 * 2.228139, 1e-5);
  const std::array known{Variance{3, kInfinity}, Variance{1, kInfinity}};
  EXPECT_NEAR(half_width(known, 0.99), 2 * 2.575829, 1e-5);
  // Satterthwaite: (3 + 1)^2 / (9 / 9 + 1 / 1) = 8.
  const std::array two{Variance{3, 9}, Variance{1, 1}};
  EXPECT_NEAR(half_width(two, 0.99), 2 * 3.355387, 1e-5);
  // A known term adds to the sum, not to the doubt: (2 + 2)^2 / (4 / 2) = 8.
  const std::array mixed{Variance{2, 2}, Variance{2, kInfinity}};
  EXPECT_NEAR(half_width(mixed, 0.99), 2 * 3.355387, 1e-5);
}

TEST(Variance, HalfWidthAtTheEdges) {
  const std::array unknown{Variance{1, 5}, Variance{0, 0}};
  EXPECT_EQ(half_width(unknown, 0.99), kInfinity);
  const std::array nothing{Variance{0, 5}};
  EXPECT_EQ(half_width(nothing, 0.99), 0);
  const std::array tiny{Variance{1e-200, 5}};
  EXPECT_GT(half_width(tiny, 0.99), 0);
  EXPECT_THROW(half_width(nothing, 0), std::invalid_argument);
  EXPECT_THROW(half_width(nothing, 1), std::invalid_argument);
  EXPECT_THROW(half_width(nothing, std::nan("")), std::invalid_argument);
}

} // namespace
} // namespace bench::stats
