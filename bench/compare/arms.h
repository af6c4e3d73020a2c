#pragma once

#include <bench/compare/comparison.h>
#include <bench/compare/judged_samples.h>
#include <bench/results/result.h>
#include <bench/stats/judge.h>
#include <bench/stats/observation.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// From results to what bench/stats judges.
namespace bench::compare {

/// The memory copies of a result's processes.
class Copies {
 public:
  explicit Copies(const results::Result& result);

  /// The median log time of the copy of a replicate's process, on a GPU. Process ids come round
  /// again (a container starts at 1 each time): of several with the same id and seed the last
  /// before the replicate, since a process times its copy first.
  std::optional<double> log_time(const results::Replicate& replicate) const;

 private:
  struct Copy {
    std::string started; ///< ISO 8601, so its order is that of time
    double log_t;
  };
  /// By id, seed and device.
  std::map<std::tuple<std::int64_t, std::uint64_t, std::string>, std::vector<Copy>> copies_;
};

/// A case of one side: its replicates that have samples.
struct Arm {
  std::vector<stats::Observation> observations;
  std::vector<const results::Replicate*> replicates;
};

/// Of the judged samples; a replicate that has none is left out. `places`: of `result`, or of both
/// arms of a comparison.
Arm arm(const results::CaseResult& result, const Copies& copies, const PlaceEffects& places);

/// Two arms that are to be judged against each other.
struct Arms {
  Arm base;
  Arm fresh;
  /// PlaceEffects::change(); 0 where the two are not the same kernel in the same shape, whose
  /// places are others.
  double place_change = 0;
};

Arms arms(const results::CaseResult& base, const Copies& of_base, const results::CaseResult& fresh,
          const Copies& of_fresh);

/// What is to be said of two cases that were held against each other, a line each: other output,
/// places that are worth more or less than they were (Arms::place_change; not if that is a tenth of
/// the gate or less), a loop's buffers at another kind of place, a GPU that waited for the host.
std::vector<std::string> warnings(const results::CaseResult& base, const results::CaseResult& fresh,
                                  double place_change);

/// "zimage/rms_norm/32x3840.bf16" of ".../fused"
std::string_view without_path(std::string_view id);

/// "zimage/loop/turbo-9/graph/aten -> worker/diffusers": what is left of `fresh` where the ids
/// part.
std::string both_ids(const std::string& base, const std::string& fresh);

/// The mean of replicate `i`, read at the clock `log_clock` along `slope` where both are known,
/// less `covariates`.
ReplicateMean replicate_mean(const Arm& arm, std::size_t i, std::optional<double> slope,
                             std::optional<double> log_clock, const stats::Covariates& covariates);

/// Of the samples of these replicates together, as they were timed. Wants one or more.
double median_time(const Arm& arm, const std::vector<std::size_t>& replicates);

/// Joules of a sample; none unless each of these replicates knows.
std::optional<double> mean_energy(const Arm& arm, const std::vector<std::size_t>& replicates);

/// "the CPU", "NVIDIA H200", "an unknown GPU"
std::string device_model(const results::Result& result);

Side side(const results::Result& result);

/// "failed: out of memory"
std::string not_ok(const results::CaseResult& result);

} // namespace bench::compare
