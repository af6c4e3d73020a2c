#include <bench/stats/adjustment.h>
#include <bench/stats/covariates.h>
#include <bench/stats/pairs.h>
#include <bench/stats/percent.h>
#include <bench/stats/spread.h>
#include <bench/stats/summary.h>
#include <bench/stats/variance.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace bench::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Arm = std::vector<const Observation*>;

Variance of_one(std::span<const double> differences) {
  if (differences.size() < 2)
    return {};
  return {square(standard_deviation(differences)), static_cast<double>(differences.size()) - 1};
}

/// Without a prior: what the pairs themselves tell.
PairedDrift judged(std::span<const double> differences, double gate, double confidence) {
  const Variance one = of_one(differences);
  const Variance of_mean{one.value / static_cast<double>(differences.size()), one.df};
  const Interval drift{mean(differences), half_width(std::span(&of_mean, 1), confidence)};
  return {drift, verdict_of(drift, gate)};
}

bool looks_beyond(const PairedDrift& quantity, double gate) {
  const double estimate = quantity.drift.estimate;
  return quantity.verdict == Verdict::inconclusive &&
         (estimate > std::log1p(gate) || estimate < std::log1p(-gate));
}

/// "wall is slower by 0.52 % +- 0.20 %"
std::string told(const char* name, const Interval& drift, const char* more, const char* less) {
  return std::string(name) + " is " + (drift.estimate > 0 ? more : less) + " by " +
         percent(drift.estimate) + " +- " + percent(drift.half_width);
}

void conclude(PairedJudgement& judgement) {
  struct Quantity {
    const PairedDrift* drift;
    std::string text;
  };
  std::vector<Quantity> quantities{
      {&judgement.work, told("work", judgement.work.drift, "slower", "faster")}};
  if (judgement.slope) // else wall is work, or a kernel's, which does not set the clock
    quantities.push_back({&judgement.wall, told("wall", judgement.wall.drift, "slower", "faster")});
  if (judgement.energy) {
    quantities.push_back(
        {&*judgement.energy, told("energy a step", judgement.energy->drift, "more", "less")});
  }
  const auto first = [&](Verdict verdict) {
    return std::ranges::find_if(
        quantities, [&](const Quantity& each) { return each.drift->verdict == verdict; });
  };
  if (const auto found = first(Verdict::regression); found != quantities.end()) {
    judgement.verdict = Verdict::regression;
    judgement.reason = found->text;
    judgement.open = false;
  } else if (judgement.work.verdict == Verdict::inconclusive) {
    judgement.verdict = Verdict::inconclusive;
  } else if (const auto gain = first(Verdict::improvement); gain != quantities.end()) {
    judgement.verdict = Verdict::improvement;
    judgement.reason = gain->text;
  } else {
    judgement.verdict = Verdict::pass;
  }
}

/// Of the indices whose two processes timed copies alike; the others into `set_aside`.
std::vector<std::size_t> alike(std::span<const Observation> base,
                               std::span<const Observation> fresh, double tolerance,
                               std::vector<std::size_t>& set_aside) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < base.size(); ++i) {
    const auto &before = base[i].log_anchor, &after = fresh[i].log_anchor;
    const bool differ = before && after && std::abs(*after - *before) > tolerance;
    (differ ? set_aside : indices).push_back(i);
  }
  return indices;
}

void judge_work(PairedJudgement& judgement, std::span<const double> differences,
                const Adjustment& adjustment, double clock_gap, double temperature_gap,
                const Rules& rules) {
  const Covariates& covariates = adjustment.covariates;
  // Two processes differ by twice the variance of one. A pair ran back to back, so the prior, of
  // processes minutes apart, is on the safe side.
  const Variance known = covariates.noise(rules.noise);
  const Variance one = moderated(of_one(differences), {2 * known.value, known.df});
  judgement.work.drift = {mean(differences), kInfinity};
  if (one.df <= 0) {
    judgement.reason = "one pair and no noise prior";
    judgement.open = true;
    return;
  }
  Spread spread = spread_of(adjustment, clock_gap, temperature_gap, true, rules);
  spread.replicate = one;
  spread.share = 1 / static_cast<double>(differences.size());
  judgement.work.drift.half_width = half_width(spread, rules.confidence);
  if (adjustment.follows_clock() && std::abs(clock_gap) > rules.farthest_clock) {
    judgement.work.verdict = at_any_slope(
        less_temperature(judgement.wall.drift, covariates, temperature_gap), clock_gap, rules.gate);
    if (judgement.work.verdict != Verdict::inconclusive)
      return;
    judgement.reason = "the clocks differ by " + percent(std::abs(clock_gap)) +
                       ": work can't be told from the clock past " + percent(rules.farthest_clock);
    return;
  }
  judgement.work.verdict = verdict_of(judgement.work.drift, rules.gate);
  if (judgement.work.verdict == Verdict::inconclusive) {
    judgement.reason =
        "the interval of " +
        half_width_percent(judgement.work.drift.estimate, judgement.work.drift.half_width) +
        " either way is too wide for the gate";
    judgement.open = true;
  }
}

} // namespace

double confidence_of_look(double confidence, int looks) {
  if (looks < 1 || !(confidence > 0 && confidence < 1))
    throw std::invalid_argument("a confidence must be between 0 and 1, and looks at least 1");
  return 1 - (1 - confidence) / looks;
}

PairedJudgement judge_pairs(std::span<const Observation> base, std::span<const Observation> fresh,
                            const Rules& rules) {
  check(base);
  check(fresh);
  if (base.size() != fresh.size())
    throw std::invalid_argument("arms of unequal size are no pairs");
  PairedJudgement judgement;
  judgement.work.drift.half_width = judgement.wall.drift.half_width =
      judgement.clock.drift.half_width = kInfinity;
  const std::vector<std::size_t> indices =
      alike(base, fresh, rules.anchor_tolerance, judgement.set_aside);
  judgement.pairs = static_cast<int>(indices.size());
  if (indices.empty()) {
    std::vector<double> walls;
    for (std::size_t i = 0; i < base.size(); ++i)
      walls.push_back(mean_log_time(fresh[i]) - mean_log_time(base[i]));
    judgement.work.drift.estimate = judgement.wall.drift.estimate = mean(walls);
    judgement.reason = "the memory copies of both processes of every pair differ by more than " +
                       percent(rules.anchor_tolerance) + ": the machine changes its mode";
    judgement.open = true;
    return judgement;
  }
  Arm before, after;
  for (const std::size_t i : indices) {
    if (base[i].device != fresh[i].device)
      throw std::invalid_argument("a pair on two GPUs");
    before.push_back(&base[i]);
    after.push_back(&fresh[i]);
  }
  const Adjustment adjustment = adjustment_for(rules, before, after, /*same_device=*/true);
  const std::optional<ClockLine>& line = adjustment.line;
  judgement.covariates = adjustment.covariates;
  std::vector<double> walls, clocks, works, energies, gaps, warmer, shares;
  for (std::size_t i = 0; i < before.size(); ++i) {
    walls.push_back(mean_log_time(*after[i]) - mean_log_time(*before[i]));
    gaps.push_back(
        adjustment.depends_on_clock() ? mean_log_clock(*after[i]) - mean_log_clock(*before[i]) : 0);
    warmer.push_back(temperature(*after[i]) - temperature(*before[i]));
    shares.push_back(judgement.covariates.share(*after[i]) -
                     judgement.covariates.share(*before[i]));
    clocks.push_back((line ? line->slope * gaps.back() : 0) + shares.back());
    works.push_back(walls.back() - clocks.back());
    if (before[i]->log_energy && after[i]->log_energy)
      energies.push_back(*after[i]->log_energy - *before[i]->log_energy);
  }
  judgement.covariates_share = mean(shares);
  judgement.wall = judged(walls, rules.gate, rules.confidence);
  if (line)
    judgement.slope = line->slope;
  judgement.clock = judgement.adjusted() ? judged(clocks, rules.gate, rules.confidence)
                                         : PairedDrift{{0, 0}, Verdict::pass};
  if (energies.size() == before.size())
    judgement.energy = judged(energies, kEnergyGate, rules.confidence);
  judge_work(judgement, works, adjustment, mean(gaps), mean(warmer), rules);
  judgement.open = judgement.open || (line && looks_beyond(judgement.wall, rules.gate)) ||
                   (judgement.energy && looks_beyond(*judgement.energy, kEnergyGate));
  conclude(judgement);
  const bool alarm =
      judgement.verdict == Verdict::regression || judgement.verdict == Verdict::improvement;
  judgement.open = judgement.open || (alarm && judgement.pairs < kPairsToAlarm);
  return judgement;
}

} // namespace bench::stats
