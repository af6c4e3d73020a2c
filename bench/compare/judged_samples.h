#pragma once

#include <bench/results/result.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <vector>

namespace bench::compare {

/// What each place in memory is worth to a kernel: a launch of microseconds takes up to 20 % more
/// at one place than at another, at the same in every process.
class PlaceEffects {
 public:
  /// Of the cases' replicates together: the median over replicates of their mean log time at a
  /// place, less its mean over all places. Those of cases that are no kernels are none.
  explicit PlaceEffects(std::initializer_list<const results::CaseResult*> cases);

  bool any() const { return !effects_.empty(); }
  /// Of log time. Wants a place that one of the cases has.
  double at(std::int32_t place) const { return effects_.at(place); }

 private:
  std::map<std::int32_t, double> effects_;
};

/// The samples of a replicate that count, in tables and in comparisons alike: all of them, but of
/// a kernel those at five eighths of its places less the fastest eighth (of eight places the 2nd to
/// the 5th), each less what its place is worth. Fast are the places where the replicate takes least
/// of what is usual there: at others what the process did before may cost a launch of microseconds
/// a tenth, or spare it one. `effects`: of all that the samples are compared with.
results::Samples judged_samples(const results::Replicate& replicate, const PlaceEffects& effects);

/// A column of the judged samples of all replicates of a case together, without those in which it
/// is unknown (NaN).
std::vector<double> pooled(const results::CaseResult& result,
                           std::vector<double> results::Samples::*column);

} // namespace bench::compare
