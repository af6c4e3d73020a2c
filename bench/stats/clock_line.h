#pragma once

#include <bench/stats/judge.h>

#include <optional>
#include <span>

namespace bench::stats {

/// The line of log time on log clock within loops.
struct ClockLine {
  double slope = 0;    ///< -1: all of the time scales with the clock
  double variance = 0; ///< of the slope
  double df = 0;
  double disagreement = 0; ///< of the arms' own slopes, where it is more than chance; else 0
};

/// One line for all groups, each with its own level: only how a loop's samples follow the clock
/// counts, not how loops or processes differ. None without enough samples, clocks, or where the
/// clock stood still.
std::optional<ClockLine> fit_clock_line(std::span<const Observation* const> replicates);

/// The line by which two arms are compared: of both together where they agree, else the base's with
/// their disagreement (the new one's, should only that be significant). None where the slope cannot
/// be told from 0, is not between 0 and -1.1, or a replicate has no clock.
std::optional<ClockLine> common_clock_line(std::span<const Observation* const> base,
                                           std::span<const Observation* const> fresh);

} // namespace bench::stats
