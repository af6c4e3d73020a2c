#pragma once

#include <bench/stats/judge.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

/// Verdicts of `bench ab`: two builds measured in turn on one GPU, in pairs of processes.
namespace bench::stats {

/// Fixed looks: after so many pairs a case is judged, and measured on only when it is open.
inline constexpr int kPairLooks[] = {3, 5, 10, 20};

/// An alarm of fewer pairs is to be looked at again: three pairs that agree by luck, or a prior of
/// a quieter machine, raise most of the false ones.
inline constexpr int kPairsToAlarm = 5;

/// The confidence of each of `looks` looks, so that all of them together hold `confidence`
/// (Bonferroni: looks at the same growing data err together, so this is on the safe side).
double confidence_of_look(double confidence, int looks);

/// One judged quantity.
struct PairedDrift {
  Interval drift; ///< mean of the paired log ratios
  Verdict verdict = Verdict::inconclusive;
};

struct PairedJudgement {
  Verdict verdict = Verdict::inconclusive;
  std::string reason; ///< one line: why inconclusive, or which quantity raised the alarm; else ""
  /// Log time at the base's mean clock; where all pairs are set aside, as measured.
  PairedDrift work;
  PairedDrift wall;  ///< log time as measured; wall = work + clock
  PairedDrift clock; ///< wall - work: the clocks, known covariates; zeros where neither is used
  std::optional<PairedDrift> energy; ///< log joules a sample; none unless every pair has both
  std::optional<double> slope;       ///< of log time on log clock that was used
  Covariates covariates;             ///< what was taken out of work besides
  double covariates_share = 0;       ///< that they have in `clock`
  bool adjusted() const { return slope || covariates.used(); } ///< work is not just wall
  int pairs = 0;                                               ///< that were compared
  std::vector<std::size_t> set_aside; ///< indices of pairs whose two copies differ
  /// More pairs may change the verdict: work is not decided, wall or energy looks beyond its gate
  /// and is not, or an alarm rests on fewer than kPairsToAlarm.
  bool open = false;
};

/// How far energy may drift: it follows the clock and the GPU's temperature, too.
inline constexpr double kEnergyGate = 0.01;

/// Judges pairs: base[i] and fresh[i] ran one after the other on one GPU. `rules.confidence` is of
/// this one look. The noise prior is of work; of wall, clock and energy only the pairs tell.
/// The verdict is work's, but a regression of wall or energy counts too: a change that only burns
/// power lowers the clock. std::invalid_argument as `judge`, for arms of unequal size and for pairs
/// on two GPUs.
PairedJudgement judge_pairs(std::span<const Observation> base, std::span<const Observation> fresh,
                            const Rules& rules);

} // namespace bench::stats
