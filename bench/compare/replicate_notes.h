#pragma once

#include <bench/compare/arms.h>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What is to be said of the replicates behind a verdict that does not fail for it.
namespace bench::compare {

/// A side of a case that is compared.
struct ComparedArm {
  const results::CaseResult& of;     ///< as the file has it
  const Arm& arm;                    ///< may lack replicates of it
  std::vector<std::size_t> compared; ///< indices into `arm`
  std::size_t repeats = 0;           ///< replicates of `of` that were there before
};

/// A line each, of one case: replicates that are there twice or have no samples, clocks without
/// which it was judged as it was timed, an interval that no replicate has a part in. `c` is judged.
std::vector<std::string> replicate_warnings(const CaseComparison& c, const ComparedArm& base,
                                            const ComparedArm& fresh, bool on_gpu);

/// Of all cases that are judged, a line for many of them: gates that were changed, GPUs that the
/// baseline lacks, replicates that both sides hold, and those that no copy tells the mode of.
class ReplicateNotes {
 public:
  explicit ReplicateNotes(bool on_gpu) : on_gpu_(on_gpu) {}

  void add(const CaseComparison& c, const ComparedArm& base, const ComparedArm& fresh);

  std::vector<std::string> lines() const;

 private:
  /// So many of all, in so many cases.
  struct Count {
    int replicates = 0;
    int of = 0;
    int cases = 0;
    void add(std::size_t more, std::size_t of_all);
  };

  std::string in_cases(int cases) const;
  std::string without_copy() const;

  bool on_gpu_; ///< CPUs have no modes
  int cases_ = 0;
  std::map<std::pair<double, double>, int> gates_; ///< the baseline's and the new -> cases
  std::map<std::string, int> lacking_;             ///< GPUs -> cases
  Count in_both_;
  Count base_without_copy_;
  Count new_without_copy_;
};

} // namespace bench::compare
