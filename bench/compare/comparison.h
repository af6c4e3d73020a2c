#pragma once

#include <bench/compare/loop_share.h>
#include <bench/compare/noise_file.h>
#include <bench/explain/exact_change.h>
#include <bench/explain/explain.h>
#include <bench/results/result.h>
#include <bench/stats/judge.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Holds a result against a baseline: which cases may be compared, and the verdict on each.
namespace bench::compare {

/// One replicate in the comparison, for who draws it. Means are those of logarithms.
struct ReplicateMean {
  std::string gpu; ///< short_uuid; "" on a CPU
  std::int64_t process = 0;
  std::string started;              ///< UTC, ISO 8601
  double t_s = 0;                   ///< as it was timed
  std::optional<double> f_hz;       ///< mean SM frequency; none: unknown
  double work_t_s = 0;              ///< at CaseComparison::clock_hz, less covariates
  bool compared = true;             ///< false: on a GPU that the other side lacks, or set aside
  bool set_aside = false;           ///< its process's memory copy is out of line
  std::optional<double> energy_j{}; ///< joules of a sample
};

/// What the cases of a comparison do: CaseResult::hash and work_version.
struct Works {
  std::string base_hash;
  std::string new_hash;
  int base_version = 0;
  int new_version = 0;
  bool operator==(const Works&) const = default;
};
Works works_of(const results::CaseResult& base, const results::CaseResult& fresh);

struct CaseComparison {
  std::string id;
  std::string kind; ///< "loop" or "kernel"
  stats::Verdict verdict = stats::Verdict::missing;
  std::string reason{}; ///< one line: why inconclusive, invalid or missing; else ""
  double gate = 0.002;
  std::optional<stats::Judgement> judgement{}; ///< of cases that were comparable
  /// Medians of the judged samples (judged_samples.h) at whatever clock, of the replicates
  /// compared.
  std::optional<double> base_t_s{};
  std::optional<double> new_t_s{};
  /// Of the baseline's replicate, of those compared, that was measured last: what the baseline says
  /// of this case is as old as that. "": unknown.
  std::string base_revision{};
  std::optional<double> base_energy_j{}; ///< of a step, where every replicate compared knows it
  std::optional<double> new_energy_j{};
  std::vector<std::string> warnings{}; ///< one line each
  std::vector<std::string> ids{}; ///< of the case in the base and in the new, where they differ
  Works works{};
  std::vector<ReplicateMean> base_replicates{};
  std::vector<ReplicateMean> new_replicates{};
  explain::ExactChange exact{}; ///< of the launches of a sample; says nothing about time
  std::optional<explain::Explanation>
      explanation{};              ///< where both sides have profiles of their kernels
  std::vector<LoopShare> loops{}; ///< of a kernel case: what its drift means for them
  std::string pairs_of{}; ///< folder of `bench ab` that the verdict is from; "": the baseline's

  /// The SM frequency that work is of; none: judged as it was timed, or not at all.
  std::optional<double> clock_hz() const;
};

/// One side of the comparison, for the headline.
struct Side {
  std::string git_sha;
  std::string started; ///< UTC, ISO 8601
  std::string gpu;     ///< "NVIDIA H200 (GPU-6b1f2b3c)", "the CPU"
  std::string model{}; ///< "NVIDIA H200", "the CPU"
};

struct Comparison {
  std::string scenario;
  std::string profile; ///< of the new result
  Side base;
  Side fresh;
  std::vector<CaseComparison> cases{}; ///< of the new result in its order, then those it lacks
  std::vector<std::string> notes{};    ///< one line each: what differs around the measurement

  std::map<stats::Verdict, int> counts() const;
};

/// Case `base_case` of `base` against another of `fresh`, of the same model on the same kind of
/// GPU: one path, engine or worker against another. Their ids and hashes may differ.
Comparison compare_cases(const results::Result& base, const results::CaseResult& base_case,
                         const results::Result& fresh, const results::CaseResult& fresh_case,
                         const NoiseFile& noise);

/// Anchors are no work and not judged. A case is judged when both results have its id, hash and
/// work version, are of one GPU model at the same power limit and application clocks (limits.h),
/// and neither side failed. Cases that only the baseline has are listed when a run of the new
/// result's profile measured them and its --only would have chosen them.
Comparison compare(const results::Result& base, const results::Result& fresh,
                   const NoiseFile& noise);

/// "NVIDIA H200"; "" on a CPU and where nobody knows.
std::string gpu_name(const results::Result& result);

/// "graph loop", "eager loop", "kernel" or "short kernel", launches of a few microseconds: cases
/// of a regime share their noise.
std::string regime(const results::CaseResult& result);

/// How a case of the result `of` is judged against `base`: at its gate, read at one clock. On a
/// CPU, and where either GPU waited for the host, as it was timed, and of GPUs then without
/// `noise`, which is of times at one clock. `place_change`: Arms::place_change.
stats::Rules rules_for(const results::CaseResult& base, const results::CaseResult& fresh,
                       const results::Result& of, stats::NoisePrior noise, double place_change);

/// "GPU-6b1f2b3c" of "GPU-6b1f2b3c-...": as much of it as CUDA_VISIBLE_DEVICES wants to tell GPUs
/// apart.
std::string short_uuid(const std::string& uuid);

} // namespace bench::compare
