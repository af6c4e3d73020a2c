#include <bench/stats/peers.h>
#include <bench/stats/summary.h>

#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace bench::stats {
namespace {

constexpr double kNormal95 = 1.959963984540054; // 97.5 % quantile of the normal distribution

Verdict beyond(double low, double high, double threshold) {
  if (low > threshold)
    return Verdict::regression;
  return high < -threshold ? Verdict::improvement : Verdict::pass;
}

Verdict medians(std::span<const double> base, std::span<const double> fresh, double threshold) {
  const double change = median(fresh) / median(base) - 1;
  return beyond(change, change, threshold);
}

} // namespace

double mann_whitney_p(std::span<const double> a, std::span<const double> b) {
  std::vector<std::pair<double, bool>> all;
  for (const double value : a)
    all.emplace_back(value, true);
  for (const double value : b)
    all.emplace_back(value, false);
  std::ranges::sort(all);
  const auto n = static_cast<double>(all.size());
  const auto n_a = static_cast<double>(a.size()), n_b = static_cast<double>(b.size());
  double rank_sum = 0, ties = 0;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end].first == all[begin].first)
      ++end;
    const double rank = (static_cast<double>(begin) + static_cast<double>(end) + 1) / 2; // mean
    const auto count = static_cast<double>(end - begin);
    ties += count * count * count - count;
    for (std::size_t i = begin; i < end; ++i)
      rank_sum += all[i].second ? rank : 0;
    begin = end;
  }
  const double u = rank_sum - n_a * (n_a + 1) / 2;
  const double variance = n_a * n_b / 12 * (n + 1 - ties / (n * (n - 1)));
  if (variance <= 0) // all are equal
    return 1;
  const double z = (std::abs(u - n_a * n_b / 2) - 0.5) / std::sqrt(variance);
  if (z <= 0)
    return 1;
  return 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z));
}

Verdict mann_whitney_rule(std::span<const double> base, std::span<const double> fresh) {
  if (mann_whitney_p(base, fresh) >= 0.05)
    return Verdict::pass;
  return median(fresh) >= median(base) ? Verdict::regression : Verdict::improvement;
}

Verdict criterion_rule(std::span<const double> base, std::span<const double> fresh) {
  const auto variance_of_mean = [](std::span<const double> values) {
    const double deviation = standard_deviation(values);
    return deviation * deviation / static_cast<double>(values.size());
  };
  const double centre = mean(base);
  const double change = mean(fresh) / centre - 1;
  const double half =
      kNormal95 * std::sqrt(variance_of_mean(base) + variance_of_mean(fresh)) / centre;
  return beyond(change - half, change + half, 0.01);
}

Verdict nvbench_rule(std::span<const double> base, std::span<const double> fresh) {
  const double centre = median(base);
  return beyond((quantile(fresh, 0.25) - quantile(base, 0.75)) / centre,
                (quantile(fresh, 0.75) - quantile(base, 0.25)) / centre, 0.005);
}

Verdict two_percent_rule(std::span<const double> base, std::span<const double> fresh) {
  return medians(base, fresh, 0.02);
}

Verdict five_percent_rule(std::span<const double> base, std::span<const double> fresh) {
  return medians(base, fresh, 0.05);
}

} // namespace bench::stats
