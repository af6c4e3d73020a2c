#pragma once

#include <bench/stats/judge.h>

#include <array>
#include <span>
#include <string_view>

/// How other harnesses would judge the same times: to show on real samples what their rules miss
/// and what they raise. Each takes raw seconds of all processes of a side together, as they do.
namespace bench::stats {

/// Two-sided p-value of the Mann-Whitney U test by the normal approximation with corrections for
/// ties and continuity (as Google Benchmark's and benchstat's for such numbers of samples).
double mann_whitney_p(std::span<const double> a, std::span<const double> b);

struct PeerRule {
  std::string_view name;
  Verdict (*judge)(std::span<const double> base, std::span<const double> fresh);
};

/// Mann-Whitney: p < 0.05 (Google Benchmark's compare.py, benchstat).
Verdict mann_whitney_rule(std::span<const double> base, std::span<const double> fresh);
/// Criterion: the 95 % interval of the relative change of means lies beyond 1 %. Criterion finds it
/// by bootstrap; here it is Welch's with the normal quantile, the same for so many samples.
Verdict criterion_rule(std::span<const double> base, std::span<const double> fresh);
/// nvbench-robust: the quartiles' intervals are apart by more than 0.5 % of the base's median.
Verdict nvbench_rule(std::span<const double> base, std::span<const double> fresh);
/// The medians differ by more than 2 %, or 5 % (sglang's draft gate).
Verdict two_percent_rule(std::span<const double> base, std::span<const double> fresh);
Verdict five_percent_rule(std::span<const double> base, std::span<const double> fresh);

inline constexpr std::array<PeerRule, 5> kPeerRules{{
    {"Mann-Whitney, p < .05", mann_whitney_rule},
    {"Criterion, 1 %", criterion_rule},
    {"nvbench-robust, 0.5 % gap", nvbench_rule},
    {"medians +-2 %", two_percent_rule},
    {"medians +-5 % (sglang)", five_percent_rule},
}};

} // namespace bench::stats
