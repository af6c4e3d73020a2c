#pragma once

#include <span>

/// Pure functions of numbers. They know neither cases nor units, and want finite values in any
/// order: std::invalid_argument for none, for too few, and for NaN or infinity among them.
namespace bench::stats {

double mean(std::span<const double> values);
double median(std::span<const double> values);

inline double square(double value) {
  return value * value;
}

/// The value below which the share `p` (0..1) of the sample lies, linear between order statistics:
/// type 7 of Hyndman and Fan (1996), the default of R and NumPy.
double quantile(std::span<const double> values, double p);

/// Of the population that the sample stands for: divides by n - 1. Wants two values or more.
double standard_deviation(std::span<const double> values);

/// standard_deviation / |mean|. The mean must not be 0.
double coefficient_of_variation(std::span<const double> values);

/// The coefficient of variation without the say of outliers: median absolute deviation from the
/// median, scaled to agree with the standard deviation of a normal distribution, over |median|.
/// Wants two values or more and a median that is not 0.
double robust_variation(std::span<const double> values);

} // namespace bench::stats
