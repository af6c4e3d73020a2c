#include <bench/stats/summary.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace bench::stats {
namespace {

using Values = std::vector<double>;

TEST(Summary, Mean) {
  EXPECT_EQ(mean(Values{5}), 5);
  EXPECT_EQ(mean(Values{1, 2, 3, 6}), 3);
  EXPECT_EQ(mean(Values{-1, 1}), 0);
}

TEST(Summary, Median) {
  EXPECT_EQ(median(Values{5}), 5);
  EXPECT_EQ(median(Values{9, 1, 5}), 5);
  EXPECT_EQ(median(Values{9, 1, 5, 2}), 3.5);
  EXPECT_EQ(median(Values{0.1, 0.1, 0.1, 0.1}), 0.1);
}

// numpy.quantile([15, 20, 35, 40, 50], p), R quantile(type = 7): position p (n - 1).
TEST(Summary, QuantileIsOfType7) {
  const Values values{50, 15, 40, 20, 35};
  EXPECT_EQ(quantile(values, 0), 15);
  EXPECT_EQ(quantile(values, 0.25), 20);
  EXPECT_DOUBLE_EQ(quantile(values, 0.4), 29);  // 20 + 0.6 * 15
  EXPECT_DOUBLE_EQ(quantile(values, 0.95), 48); // 40 + 0.8 * 10
  EXPECT_EQ(quantile(values, 1), 50);
  EXPECT_EQ(quantile(Values{7}, 0.3), 7);
}

TEST(Summary, StandardDeviationDividesByOneLess) {
  EXPECT_DOUBLE_EQ(standard_deviation(Values{2, 4, 4, 4, 5, 5, 7, 9}), std::sqrt(32.0 / 7));
  EXPECT_EQ(standard_deviation(Values{3, 3}), 0);
  // The textbook formula, mean of squares less square of mean, would lose all digits here.
  EXPECT_DOUBLE_EQ(standard_deviation(Values{1e9 + 1, 1e9 + 2, 1e9 + 3}), 1);
}

TEST(Summary, CoefficientOfVariation) {
  EXPECT_DOUBLE_EQ(coefficient_of_variation(Values{9, 10, 11}), 0.1);
  EXPECT_DOUBLE_EQ(coefficient_of_variation(Values{-9, -10, -11}), 0.1);
}

TEST(Summary, RobustVariation) {
  // Median 10; deviations 2, 1, 0, 1, 2 have the median 1.
  EXPECT_DOUBLE_EQ(robust_variation(Values{8, 9, 10, 11, 12}), 0.14826022185056018);
  EXPECT_DOUBLE_EQ(robust_variation(Values{-8, -9, -10, -11, -12}), 0.14826022185056018);
  EXPECT_DOUBLE_EQ(robust_variation(Values{8, 9, 10, 11, 1e6}), 0.14826022185056018);
}

// The quartiles of the normal distribution with mean 100 and standard deviation 1.
TEST(Summary, RobustVariationIsScaledToANormalDistribution) {
  constexpr double kQuartile = 0.6744897501960817;
  EXPECT_NEAR(robust_variation(Values{100 - kQuartile, 100, 100 + kQuartile}), 0.01, 1e-15);
}

TEST(Summary, OrderDoesNotMatter) {
  const Values up{1, 2, 4, 8, 16};
  const Values mixed{8, 1, 16, 2, 4};
  for (const double p : {0.0, 0.1, 0.25, 0.5, 0.6, 0.9, 1.0})
    EXPECT_EQ(quantile(up, p), quantile(mixed, p));
  EXPECT_EQ(robust_variation(up), robust_variation(mixed));
}

TEST(Summary, RefusesWhatHasNoAnswer) {
  using Function = double (*)(std::span<const double>);
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Function f :
       {mean, median, standard_deviation, coefficient_of_variation, robust_variation}) {
    EXPECT_THROW(f(Values{}), std::invalid_argument);
    EXPECT_THROW(f(Values{1, NAN, 2}), std::invalid_argument);
    EXPECT_THROW(f(Values{1, infinity}), std::invalid_argument);
    EXPECT_THROW(f(Values{-infinity, 1}), std::invalid_argument);
  }
  for (const Function f : {standard_deviation, coefficient_of_variation, robust_variation})
    EXPECT_THROW(f(Values{1}), std::invalid_argument);
  EXPECT_THROW(coefficient_of_variation(Values{-1, 1}), std::invalid_argument);
  EXPECT_THROW(robust_variation(Values{-1, 0, 1}), std::invalid_argument);
  EXPECT_THROW(quantile(Values{}, 0.5), std::invalid_argument);
  EXPECT_THROW(quantile(Values{1, 2}, -0.1), std::invalid_argument);
  EXPECT_THROW(quantile(Values{1, 2}, 1.1), std::invalid_argument);
  EXPECT_THROW(quantile(Values{1, 2}, NAN), std::invalid_argument);
}

} // namespace
} // namespace bench::stats
