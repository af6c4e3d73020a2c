#pragma once

#include <bench/results/result.h>

#include <boost/container/flat_map.hpp>

#include <cstdint>
#include <vector>

namespace bench::compare {

/// A value at each of some places: too few for a tree.
using OfPlaces = boost::container::flat_map<std::int32_t, double>;

/// What each place in memory is worth to a kernel: a launch of microseconds takes up to 18 % more
/// at one place than at another, in every process nearly the same.
class PlaceEffects {
 public:
  /// Of a case by itself: the median over its replicates of their mean log time at a place, less
  /// its mean over all places. Of a case that is no kernel: none.
  explicit PlaceEffects(const results::CaseResult& alone);
  /// Of two arms of the same kernel: the mean of both arms' medians, at the places that both have;
  /// so whichever has more replicates, a drift of all places is seen in full.
  PlaceEffects(const results::CaseResult& base, const results::CaseResult& fresh);

  /// Of kernels with samples: only what lies at one of the places counts, if there is any.
  bool any() const { return any_; }
  /// Of log time; null where this place is none of them.
  const double* find(std::int32_t place) const;

  /// Log time. Two arms are compared at the median of their places. Where what places are worth
  /// has changed by more than replicates of an arm differ, the mean over places drifted otherwise:
  /// by how much. Else 0.
  double change() const { return change_; }

 private:
  bool any_ = false;
  OfPlaces effects_;
  double change_ = 0;
};

/// The samples of a replicate that count, in tables and in comparisons: all of them, but of a
/// kernel those at the place, or the two, in the middle of its places by what they take of what is
/// usual there, each less what its place is worth. So it does not matter what the process did
/// before, which at up to three of eight places costs a launch of microseconds a tenth, or spares
/// it one.
results::Samples judged_samples(const results::Replicate& replicate, const PlaceEffects& effects);

/// A column of the judged samples of all replicates of a case together, by its own place effects,
/// without those in which it is unknown (NaN).
std::vector<double> pooled(const results::CaseResult& result,
                           std::vector<double> results::Samples::*column);

} // namespace bench::compare
