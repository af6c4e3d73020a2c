#pragma once

#include <bench/explain/operation_drift.h>
#include <bench/results/result.h>
#include <bench/stats/judge.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where a drift comes from: the difference of two profiles of one case, kernel by kernel.
/// README.md beside this file says in words how launches are matched and what "at one clock" means.
namespace bench::explain {

/// How times follow the SM clock, of log time on log clock. Products and attention do, what waits
/// for memory does not.
struct ClockSlopes {
  double compute = 0;
  double memory = 0;
};

struct Explanation {
  std::string base_source{}; ///< which profiler
  std::string new_source{};
  double base_sample_s = 0; ///< under the profiler
  double new_sample_s = 0;  ///< the same, at its own clock
  std::optional<double> base_hz{};
  std::optional<double> new_hz{};
  /// That a step of a loop moved from and to memory, where the GPU counted it.
  std::optional<double> base_bytes{};
  std::optional<double> new_bytes{};
  std::optional<ClockSlopes> slopes{};      ///< none: kernels are compared as they were profiled
  std::vector<OperationDrift> operations{}; ///< the largest drift, in either direction, first
  double gaps_s = 0;                        ///< more time without a kernel
  double clock_s = 0;       ///< what the profiles' clocks, where they differ, did to the kernels
  double unaccounted_s = 0; ///< of a profile whose own parts are not its whole
  /// Drift of work of the timed samples, relative: 0.002 is 0.2 % slower.
  std::optional<double> timed{};
  std::optional<double> timed_half_width{}; ///< of its interval; none: unknown
  std::vector<std::string> notes{};         ///< one line each: what to know of the profiles

  /// What operations and gaps add to a sample at one clock, seconds.
  double work_s() const;
  /// new_sample_s - base_sample_s; the sum of all parts.
  double drift_s() const;
  /// work_s as a share of the base's sample.
  double work() const;
  /// By how much the profiles' drift of work is off that of the timed samples, relative.
  std::optional<double> residual() const;
};

/// Both want kernels. The case's own `slope` of log time on log clock (none: it has none) is shared
/// out between compute and memory.
Explanation explain(const results::KernelProfile& base, const results::KernelProfile& fresh,
                    std::optional<double> slope);

/// "" where the case has kernels to explain with; else why not, and how to get them.
std::string no_profile(const results::CaseResult& c);

/// The explanation of a case that was judged; none unless both sides have kernels. `slope` is that
/// within loops.
std::optional<Explanation> explain(const results::CaseResult& base,
                                   const results::CaseResult& fresh, std::optional<double> slope,
                                   const stats::Covariates& covariates, const stats::Interval& work,
                                   bool same_device);

/// "rms_norm +0.33 %, linear -0.02 %": the operations that moved most, at one clock. "" for none.
std::string moved_most(const Explanation& explanation);

} // namespace bench::explain
