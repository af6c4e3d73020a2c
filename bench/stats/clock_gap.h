#pragma once

#include <bench/stats/contrast.h>

namespace bench::stats {

/// How far apart two arms' log clocks are, and would be with more new replicates. Processes on one
/// GPU differ in their clocks by chance (by 1.3 % of two H200s seen). Where that explains the
/// difference, those to come have what all so far have in the mean; else the new arm's.
class ClockGap {
 public:
  ClockGap() = default; ///< none
  /// `clocks`: of mean log clocks, at `present` new replicates.
  ClockGap(const Contrast& clocks, int present);

  double now() const { return now_; }
  /// With `count` new replicates in all, `present` or more.
  double with(int count) const;

 private:
  double now_ = 0;
  double last_ = 0; ///< with no end of new replicates
  int present_ = 1;
};

} // namespace bench::stats
