#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench::stats {

/// One replicate: what one fresh process measured of one case.
struct Observation {
  std::string device;               ///< UUID of its GPU; "" on a CPU
  std::vector<double> log_t;        ///< of each sample, t in seconds
  std::vector<double> log_f;        ///< of each sample, f the SM frequency in hertz; empty: unknown
  std::vector<int> group;           ///< of each sample: its loop or placement
  std::optional<double> log_anchor; ///< of the time of the memory copy that this process timed
  std::optional<double> log_energy{};    ///< of the joules a sample, over all of them
  std::optional<double> temperature_c{}; ///< of its GPU, the mean of before and after
};

/// Throws std::invalid_argument for an empty arm, a replicate without samples, columns of unequal
/// length or values that are not finite.
void check(std::span<const Observation> arm);

bool have_clocks(std::span<const Observation* const> replicates);
double mean_log_time(const Observation& replicate);
double mean_log_clock(const Observation& replicate); ///< wants a replicate that has clocks
double temperature(const Observation& replicate);    ///< degrees Celsius; 0 where it is not known

} // namespace bench::stats
