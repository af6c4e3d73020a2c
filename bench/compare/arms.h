#pragma once

#include <bench/compare/comparison.h>
#include <bench/results/result.h>
#include <bench/stats/judge.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// From results to what bench/stats judges, and what is to be said of two results as wholes.
namespace bench::compare {

/// What each process of a result did besides the case that is looked at.
class Processes {
 public:
  explicit Processes(const results::Result& result);

  /// The median log time of its memory copy, on a GPU. Process ids come round again (a container
  /// starts at 1 each time): of several with the same, the one that started together with the
  /// replicate, or none.
  std::optional<double> log_copy_time(const results::Replicate& replicate) const;

  /// digest_of_kernels() of what it measured.
  std::uint64_t kernels(const results::Replicate& replicate) const;

 private:
  struct Copy {
    std::string started;
    double log_t;
  };
  using Key = std::tuple<std::int64_t, std::string, std::uint64_t>; // id, device, seed
  static Key key(const results::Replicate& replicate);
  std::map<std::pair<std::int64_t, std::string>, std::vector<Copy>> copies_;
  std::map<Key, std::uint64_t> kernels_;
};

/// Of these ids, whatever their order, and whether their process timed loops or their anchor, too.
std::uint64_t digest_of_kernels(std::vector<std::string> ids, bool beside_loops);

/// A case of one side: its replicates that have samples.
struct Arm {
  std::vector<stats::Observation> observations;
  std::vector<const results::Replicate*> replicates;
};

/// A case by itself.
Arm arm(const results::CaseResult& result, const Processes& processes);

/// A case of two sides. Of kernels, blocks are of one seed and one plan; on a GPU where some
/// replicate of either side notes no plan, as an older bench did, processes that measured the same
/// kernels count as of one.
std::pair<Arm, Arm> arms(const results::CaseResult& a, const Processes& of_a,
                         const results::CaseResult& b, const Processes& of_b);

/// The mean of replicate `i`, read at the clock `log_clock` along `slope` where both are known,
/// less `covariates`.
ReplicateMean replicate_mean(const Arm& arm, std::size_t i, std::optional<double> slope,
                             std::optional<double> log_clock, const stats::Covariates& covariates);

/// Of their samples together, as they were timed. Wants replicates with samples.
double median_time(const std::vector<const results::Replicate*>& replicates);

/// Joules of a sample; none unless every replicate knows.
std::optional<double> mean_energy(const std::vector<const results::Replicate*>& replicates);

/// "the CPU", "NVIDIA H200", "an unknown GPU"
std::string device_model(const results::Result& result);

Side side(const results::Result& result);

/// What differs around the measurement: driver, libraries, settings; a line each.
std::vector<std::string> environment_notes(const results::Result& base,
                                           const results::Result& fresh);

/// What was set on the GPU that changes its speed: "" when nothing did. Only for one GPU model.
std::string limits_changed(const results::Result& base, const results::Result& fresh);

/// "failed: out of memory"
std::string not_ok(const results::CaseResult& result);

} // namespace bench::compare
