#include <bench/stats/peers.h>

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace bench::stats {
namespace {

std::vector<double> around(double centre, double spread, int count = 40) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i)
    values.push_back(centre * (1 + spread * (2.0 * i / (count - 1) - 1)));
  return values;
}

TEST(MannWhitney, KnownValues) {
  // By hand: U = 6 of mean 15, variance 30; z = (9 - 0.5) / sqrt(30).
  const std::vector<double> a{1.1, 2.2, 3.3, 4.4, 5.5}, b{2.0, 4.0, 6.0, 8.0, 10.0, 12.0};
  EXPECT_NEAR(mann_whitney_p(a, b), std::erfc(8.5 / std::sqrt(60.0)), 1e-9);
  const std::vector<double> c{1, 2, 2, 3, 4}, d{2, 3, 3, 5, 5, 6};
  // U = 6 again; ties of 3, 3 and 2: variance 30 / 12 * (12 - 54 / 110).
  EXPECT_NEAR(mann_whitney_p(c, d), std::erfc(8.5 / std::sqrt(5 * (12 - 54.0 / 110))), 1e-9);
  const std::vector<double> same(8, 1.0);
  EXPECT_EQ(mann_whitney_p(same, same), 1);
}

TEST(Peers, EachFindsWhatItsThresholdSays) {
  const auto base = around(1, 0.001);
  const auto verdict = [&](Verdict (*rule)(std::span<const double>, std::span<const double>),
                           double change) { return rule(base, around(1 + change, 0.001)); };
  EXPECT_EQ(verdict(mann_whitney_rule, 0), Verdict::pass);
  EXPECT_EQ(verdict(mann_whitney_rule, 0.001), Verdict::regression);
  EXPECT_EQ(verdict(mann_whitney_rule, -0.001), Verdict::improvement);
  EXPECT_EQ(verdict(criterion_rule, 0.0099), Verdict::pass);
  EXPECT_EQ(verdict(criterion_rule, 0.011), Verdict::regression);
  EXPECT_EQ(verdict(criterion_rule, -0.011), Verdict::improvement);
  EXPECT_EQ(verdict(nvbench_rule, 0.005), Verdict::pass); // quartiles are 0.4 % apart
  EXPECT_EQ(verdict(nvbench_rule, 0.007), Verdict::regression);
  EXPECT_EQ(verdict(nvbench_rule, -0.007), Verdict::improvement);
  EXPECT_EQ(verdict(two_percent_rule, 0.019), Verdict::pass);
  EXPECT_EQ(verdict(two_percent_rule, 0.021), Verdict::regression);
  EXPECT_EQ(verdict(five_percent_rule, 0.049), Verdict::pass);
  EXPECT_EQ(verdict(five_percent_rule, -0.051), Verdict::improvement);
}

} // namespace
} // namespace bench::stats
