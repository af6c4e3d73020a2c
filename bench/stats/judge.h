#pragma once

#include <bench/stats/covariates.h>
#include <bench/stats/noise_prior.h>
#include <bench/stats/observation.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// From the samples of two sets of replicates to a verdict on the drift between them. README.md
/// beside this file says in words what a verdict means and when it misleads.
namespace bench::stats {

struct Rules {
  double gate = 0.002; ///< relative drift, in either direction
  double confidence = 0.99;
  NoisePrior noise{};
  bool adjust = true; ///< for the clock; false: of CPUs, that nobody reads
  /// By the line within loops; false: only by what the prior knows of processes at other clocks. So
  /// kernels, in whose short regions the clock stands still.
  bool along_loops = true;
  double farthest_clock = 0.05;    ///< past this difference of log clocks work is not decided
  double anchor_tolerance = 0.005; ///< replicates whose copies differ by more are no likes
  double kind_tolerance = 0.003;   ///< nor GPUs, where those of a kind are known to be more alike
  double bias = 0; ///< how far off a drift of log time may be besides, and not by chance
};

enum class Verdict { pass, regression, improvement, inconclusive, invalid, missing };
inline constexpr std::array<Verdict, 6> kVerdicts{Verdict::pass,        Verdict::regression,
                                                  Verdict::improvement, Verdict::inconclusive,
                                                  Verdict::invalid,     Verdict::missing};
std::string_view to_string(Verdict verdict);

/// A drift of log time or log clock: exp(estimate) - 1 is the relative drift.
struct Interval {
  double estimate = 0;
  double half_width = 0; ///< at the rules' confidence; infinity: nothing is known of the noise
};

struct Judgement {
  Verdict verdict = Verdict::inconclusive;
  std::string reason; ///< one line: why inconclusive, invalid or missing; else ""
  /// Of log time at the base's mean clock. Where all replicates are set aside: of all of them, as
  /// they were timed.
  Interval work;
  double wall = 0;  ///< difference of mean log times; wall = work.estimate + clock
  double clock = 0; ///< what the clocks' difference did to log time, known covariates with it
  std::optional<double> slope;     ///< of log time on log clock that was used, within loops
  std::optional<double> log_clock; ///< that work is of, the base's mean; none: as it was
  Covariates covariates;           ///< what was taken out of work besides
  double covariates_share = 0;     ///< that they have in `clock`
  /// Something was taken out of wall: work is what is left.
  bool adjusted() const { return slope || covariates.used(); }
  double base_log_t = 0;      ///< the base's mean log time at that clock
  bool same_device = true;    ///< false: another GPU's base, the device terms are in the interval
  bool alike_devices = false; ///< of GPUs of the same kind; others are among those set aside
  int base_replicates = 0;    ///< that were compared
  int new_replicates = 0;
  std::vector<std::size_t> base_set_aside; ///< indices of replicates whose copy is out of line
  std::vector<std::size_t> new_set_aside;
  /// How many new replicates in all would decide an inconclusive case, should its estimate and
  /// noise stay; none: no number of them would on this GPU.
  std::optional<int> replicates_needed;
  /// Inconclusive for what no number of new replicates would mend: another GPU, clocks too far
  /// apart, a machine in another mode. Pairs on this GPU (pairs.h) would tell.
  bool wants_pairs = false;
};

/// Judges `fresh` against `base`. std::invalid_argument for an empty arm, a replicate without
/// samples, columns of unequal length or values that are not finite.
Judgement judge(std::span<const Observation> base, std::span<const Observation> fresh,
                const Rules& rules);

/// The mean of paired differences with Student's interval; wants two pairs or more.
Interval paired(std::span<const double> differences, double confidence = 0.99);

/// Decided: wholly inside or outside the gate, or narrow enough (half the gate) that the estimate
/// decides. Else inconclusive.
Verdict verdict_of(const Interval& drift, double gate);

/// The verdict on work where the arms' log clocks are so far (`clock_gap`) apart that no slope can
/// be trusted: time never rises with the clock and never falls by more than the clock rises, so
/// work lies between wall and wall + clock_gap. Regression, improvement, or inconclusive.
Verdict at_any_slope(const Interval& wall, double clock_gap, double gate);

/// Of log time on the mean log clocks of processes, 0 at most: the slope within loops, if there is
/// one, and the clock's covariate, if it is used.
std::optional<double> slope_between_processes(std::optional<double> slope_within_loops,
                                              const Covariates& covariates);

/// A drift of wall without what so many degrees do to it, as far as they are a covariate.
Interval less_temperature(const Interval& wall, const Covariates& covariates, double warmer);

} // namespace bench::stats
