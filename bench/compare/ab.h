#pragma once

#include <bench/compare/comparison.h>
#include <bench/stats/pairs.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Two results that `bench ab` measured in turn on one GPU, held against each other pair by pair.
namespace bench::compare {

struct AbCase {
  std::string id;   ///< of both arms, or "zimage/loop/turbo-9/graph/aten -> decomposed"
  std::string kind; ///< "loop" or "kernel"
  stats::Verdict verdict = stats::Verdict::missing;
  std::string reason{}; ///< one line: why not pass; else ""
  double gate = 0.002;
  std::optional<stats::PairedJudgement> judgement{}; ///< of cases that were comparable
  std::optional<double> a_t_s{};                     ///< medians as timed, of the pairs compared
  std::optional<double> b_t_s{};
  std::optional<double> a_energy_j{}; ///< of a step, where all compared know it
  std::optional<double> b_energy_j{};
  std::vector<std::string> warnings{}; ///< one line each
  std::vector<std::string> ids{};      ///< of the case in A and in B, where they differ
  Works works{};
  std::vector<ReplicateMean> a_replicates{}; ///< of the pairs, in their order
  std::vector<ReplicateMean> b_replicates{};
  explain::ExactChange exact{}; ///< of the launches of a sample; says nothing about time
  std::optional<explain::Explanation>
      explanation{};                 ///< where both arms have profiles of their kernels
  std::optional<double> log_clock{}; ///< that work is of, A's mean; none: judged raw
  double a_log_t = 0;                ///< A's mean log time at that clock
};

struct AbComparison {
  std::string scenario;
  std::string profile;
  Side a;
  Side b;
  double confidence = 0.99;         ///< of the intervals: of this one look
  std::vector<AbCase> cases{};      ///< of B in its order, then those that only A has
  std::vector<std::string> notes{}; ///< one line each: what differs around the measurement

  std::map<stats::Verdict, int> counts() const;
  /// Ids in either arm of cases that more pairs can decide.
  std::vector<std::string> open() const;
};

/// A pair are the replicates of one seed on one GPU. Where a limit that is set on it (limits.h) is
/// another in B than in A, the case is invalid. Cases are matched by their id: their hashes may
/// differ, since that is what `--set-a` and `--set-b` are for; a note lists those. A case without a
/// partner is matched with the only one of the other arm that differs in the last part of its id,
/// the path. Throws UsageError for results of different GPU models.
AbComparison compare_pairs(const results::Result& a, const results::Result& b,
                           const NoiseFile& noise, double confidence);

/// The same with A as base, for what shows comparisons: of wall and energy only the estimates stay.
Comparison as_comparison(const AbComparison& comparison);

} // namespace bench::compare
