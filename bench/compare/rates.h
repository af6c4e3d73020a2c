#pragma once

#include <bench/compare/data_set.h>
#include <bench/compare/noise_file.h>
#include <bench/results/result.h>
#include <bench/stats/binomial.h>

#include <cstdint>
#include <string>
#include <vector>

/// How often the judge is right on samples whose truth is known: `bench selftest --judge`.
namespace bench::compare {

/// Shares of the comparisons of all deals, many of which share processes.
struct Rate {
  double regression = 0;
  double improvement = 0;
  double inconclusive = 0;
};

/// Of Rates::comparisons that share no process.
struct Count {
  int regression = 0;
  int improvement = 0;
};

/// One rule on every arm, in the order of the arms.
struct RuleRates {
  std::string rule;
  std::vector<Rate> arms;
  std::vector<Count> counts; ///< of the one deal in the order of the data
};

struct Rates {
  int replicates = 0;  ///< processes a side
  int comparisons = 0; ///< of a deal, that share no process: what the bounds rest on
  /// The judge with the prior of other GPUs first, if there are others, and without one.
  std::vector<RuleRates> rules{};
  /// Of the first rule: half-width and |estimate - truth| over arms and shuffles.
  double half_width = 0;
  double mean_error = 0;
  double worst_error = 0;
};

/// What is known of a data set's noise, each from the replicates of all its GPUs.
struct DataNoise {
  int processes = 0;
  int devices = 0;
  double adjusted_sd = 0; ///< between processes on one GPU, log time at one clock
  double raw_sd = 0;      ///< the same of log time as timed
  double df = 0;
  double sample_s = 0; ///< mean seconds of samples of a process
};

/// Throws UsageError when the data has no case `id` with two processes on a GPU.
DataNoise data_noise(const results::Result& data, const std::string& id);

/// Whole processes of one GPU are dealt out in disjoint comparisons: `replicates` that stand for
/// the baseline with their unchanged case, as many others that stand for the new build with an arm;
/// once in the order of the data, whose comparisons are counted, and `shuffles` times shuffled. The
/// prior of the noise comes from the other GPUs' processes alone; `noise` gives the error of
/// extrapolation and, of kernels, how time follows the clock between processes. Deterministic for a
/// seed.
Rates judge_rates(const results::Result& data, const std::string& id,
                  const std::vector<KnownArm>& arms, const NoiseFile& noise, int replicates,
                  int shuffles, std::uint64_t seed = 1);

} // namespace bench::compare
