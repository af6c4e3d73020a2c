#include <bench/stats/adjustment.h>
#include <bench/stats/clock_gap.h>
#include <bench/stats/contrast.h>
#include <bench/stats/covariates.h>
#include <bench/stats/judge.h>
#include <bench/stats/likes.h>
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

/// More replicates than that are no advice.
constexpr int kMostReplicates = 1000;

void check(double gate) {
  if (!(gate >= 0 && gate < 1))
    throw std::invalid_argument("a gate must be in 0..1");
}

Replicates pick(std::span<const Observation> arm, const std::vector<std::size_t>& indices) {
  Replicates picked;
  for (const std::size_t index : indices)
    picked.push_back(&arm[index]);
  return picked;
}

std::optional<int> replicates_needed(const Spread& spread, const ClockGap& clocks, double estimate,
                                     int present, const Rules& rules) {
  const auto decides = [&](int count) {
    Spread then = spread;
    then.replicate.df += count - present;
    then.share = spread.base_share + 1.0 / count;
    then.clock_gap = clocks.with(count);
    const Interval drift{estimate, half_width(then, rules.confidence)};
    return verdict_of(drift, rules.gate) != Verdict::inconclusive;
  };
  int too_few = present, enough = kMostReplicates; // the interval only gets narrower
  if (present >= kMostReplicates || !decides(enough))
    return std::nullopt;
  while (enough - too_few > 1) {
    const int middle = (too_few + enough) / 2;
    (decides(middle) ? enough : too_few) = middle;
  }
  return enough;
}

/// Why no interval can be given; "" where one can.
std::string unknown_noise(const Spread& spread, const NoisePrior& noise, bool same_device) {
  if (spread.replicate.df <= 0)
    return "one replicate a side and no noise prior";
  if (!same_device && noise.devices.df <= 0)
    return "another GPU than the baseline's, and nothing is known of how GPUs differ";
  return "";
}

/// Fills in the drift and returns what its interval is made of.
Spread compare(Judgement& judgement, const Replicates& base, const Replicates& fresh,
               const Adjustment& adjustment, double clock_gap, const Rules& rules) {
  const NoisePrior& noise = rules.noise;
  const std::optional<ClockLine>& line = adjustment.line;
  const Covariates& covariates = adjustment.covariates;
  const auto difference = [&](const ValueOf& value) { return contrast(base, fresh, value); };
  const double slope = line ? line->slope : 0;
  const double reference = adjustment.follows_clock() ? difference(mean_log_clock).base : 0;
  judgement.covariates = covariates;
  const auto adjusted = [&](const Observation& replicate) {
    return mean_log_time(replicate) - (line ? slope * (mean_log_clock(replicate) - reference) : 0) -
           covariates.share(replicate);
  };
  const Contrast work = difference(adjusted);
  judgement.base_log_t = work.base;
  if (adjustment.follows_clock())
    judgement.log_clock = reference;
  judgement.work.estimate = work.estimate;
  judgement.wall = difference(mean_log_time).estimate;
  judgement.clock = judgement.wall - judgement.work.estimate;
  judgement.covariates_share = difference([&](const Observation& replicate) {
                                 return covariates.share(replicate);
                               }).estimate;

  const Variance seen{work.df > 0 ? work.squares / work.df : 0, work.df};
  Spread spread = spread_of(adjustment, clock_gap, difference(temperature).estimate,
                            judgement.same_device, rules);
  spread.replicate = moderated(seen, covariates.noise(noise));
  spread.share = work.share;
  spread.base_share = work.base_share;
  if (!judgement.same_device) {
    spread.others.push_back(
        {square(noise.devices.sd) * (1 / work.base_devices + 1 / work.fresh_devices),
         noise.devices.df});
  }
  return spread;
}

/// The drift of the time as it was timed. The prior is of times at one clock and knows nothing of
/// it.
Interval wall_drift(const Replicates& base, const Replicates& fresh, Judgement judgement,
                    Rules rules) {
  rules.noise.replicate_df = 0;
  const Spread spread = compare(judgement, base, fresh, {}, 0, rules);
  const bool known = unknown_noise(spread, rules.noise, judgement.same_device).empty();
  return {judgement.wall, known ? half_width(spread, rules.confidence) : kInfinity};
}

} // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
  case Verdict::pass:
    return "pass";
  case Verdict::regression:
    return "regression";
  case Verdict::improvement:
    return "improvement";
  case Verdict::inconclusive:
    return "inconclusive";
  case Verdict::invalid:
    return "invalid";
  case Verdict::missing:
    return "missing";
  }
  throw std::invalid_argument("no such verdict");
}

Verdict verdict_of(const Interval& drift, double gate) {
  check(gate);
  const double slower = std::log1p(gate);
  const double faster = std::log1p(-gate);
  const double low = drift.estimate - drift.half_width;
  const double high = drift.estimate + drift.half_width;
  const bool inside = low > faster && high < slower;
  const bool outside = low > slower || high < faster;
  if (!inside && !outside && !(drift.half_width <= gate / 2))
    return Verdict::inconclusive;
  if (drift.estimate > slower)
    return Verdict::regression;
  return drift.estimate < faster ? Verdict::improvement : Verdict::pass;
}

Verdict at_any_slope(const Interval& wall, double clock_gap, double gate) {
  const Interval work{wall.estimate + clock_gap / 2, wall.half_width + std::abs(clock_gap) / 2};
  if (work.estimate - work.half_width > std::log1p(gate))
    return Verdict::regression;
  return work.estimate + work.half_width < std::log1p(-gate) ? Verdict::improvement
                                                             : Verdict::inconclusive;
}

Interval less_temperature(const Interval& wall, const Covariates& covariates, double warmer) {
  const Covariate& slope = covariates.temperature_slope();
  const double three_sd = slope.df > 0 ? three_sigma(slope.df) * slope.slope_sd : 0;
  return {wall.estimate - slope.slope * warmer, wall.half_width + three_sd * std::abs(warmer)};
}

std::optional<double> slope_between_processes(std::optional<double> slope_within_loops,
                                              const Covariates& covariates) {
  if (!slope_within_loops && covariates.clock_slope().df <= 0)
    return std::nullopt;
  return std::min(0.0, slope_within_loops.value_or(0) + covariates.clock_slope().slope);
}

Interval paired(std::span<const double> differences, double confidence) {
  const double deviation = standard_deviation(differences);
  const auto count = static_cast<double>(differences.size());
  const Variance of_mean{square(deviation) / count, count - 1};
  return {mean(differences), half_width(std::span(&of_mean, 1), confidence)};
}

Judgement judge(std::span<const Observation> base, std::span<const Observation> fresh,
                const Rules& all_rules) {
  check(base);
  check(fresh);
  check(all_rules.gate);
  Likes likes = choose_likes(base, fresh, all_rules.anchor_tolerance,
                             all_rules.noise.devices.alike_df > 0 ? all_rules.kind_tolerance : 0);
  Rules rules = all_rules;
  if (likes.alike_devices) {
    rules.noise.devices.sd = rules.noise.devices.alike_sd;
    rules.noise.devices.df = rules.noise.devices.alike_df;
  }
  Judgement judgement;
  judgement.same_device = likes.same_device;
  judgement.alike_devices = likes.alike_devices;
  judgement.base_replicates = static_cast<int>(likes.base.size());
  judgement.new_replicates = static_cast<int>(likes.fresh.size());
  judgement.base_set_aside = std::move(likes.base_set_aside);
  judgement.new_set_aside = std::move(likes.fresh_set_aside);
  judgement.work.half_width = kInfinity;
  if (!likes.reason.empty()) {
    const Contrast as_timed = contrast(pick(base, judgement.base_set_aside),
                                       pick(fresh, judgement.new_set_aside), mean_log_time);
    judgement.work.estimate = judgement.wall = as_timed.estimate;
    judgement.base_log_t = as_timed.base;
    judgement.reason = std::move(likes.reason);
    judgement.wants_pairs = true;
    return judgement;
  }

  const Replicates compared_base = pick(base, likes.base);
  const Replicates compared_fresh = pick(fresh, likes.fresh);
  const auto difference = [&](const ValueOf& value) {
    return contrast(compared_base, compared_fresh, value).estimate;
  };
  const Adjustment adjustment =
      adjustment_for(rules, compared_base, compared_fresh, likes.same_device);
  if (adjustment.line)
    judgement.slope = adjustment.line->slope;
  ClockGap clocks;
  if (adjustment.depends_on_clock())
    clocks =
        ClockGap(contrast(compared_base, compared_fresh, mean_log_clock), judgement.new_replicates);
  const Spread spread =
      compare(judgement, compared_base, compared_fresh, adjustment, clocks.now(), rules);

  judgement.reason = unknown_noise(spread, rules.noise, judgement.same_device);
  if (!judgement.reason.empty()) {
    judgement.wants_pairs = !judgement.same_device;
    return judgement;
  }
  judgement.work.half_width = half_width(spread, rules.confidence);
  if (adjustment.follows_clock() && std::abs(clocks.now()) > rules.farthest_clock) {
    judgement.verdict =
        at_any_slope(less_temperature(wall_drift(compared_base, compared_fresh, judgement, rules),
                                      judgement.covariates, difference(temperature)),
                     clocks.now(), rules.gate);
    if (judgement.verdict != Verdict::inconclusive)
      return judgement;
    judgement.reason = "the clocks differ by " + percent(std::abs(clocks.now())) +
                       ": work can't be told from the clock past " + percent(rules.farthest_clock);
    judgement.wants_pairs = true;
    return judgement;
  }
  judgement.verdict = verdict_of(judgement.work, rules.gate);
  if (judgement.verdict == Verdict::inconclusive) {
    judgement.replicates_needed =
        replicates_needed(spread, clocks, judgement.work.estimate, judgement.new_replicates, rules);
    judgement.reason = "the interval of " +
                       half_width_percent(judgement.work.estimate, judgement.work.half_width) +
                       " either way is too wide for the gate";
    judgement.wants_pairs = !judgement.same_device || !judgement.replicates_needed;
  }
  return judgement;
}

} // namespace bench::stats
