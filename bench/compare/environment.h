#pragma once

#include <bench/compare/arms.h>
#include <bench/results/result.h>

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bench::compare {

/// Driver, libraries, settings and limits around the replicates that are compared, of which a
/// baseline has some of other machines and times than others. Refers to both results.
class Environment {
 public:
  Environment(const results::Result& base, const results::Result& fresh)
      : base_(base), fresh_(fresh) {}

  /// The replicates of the base that at_other_limits() finds; notes() says that they are left out.
  std::vector<std::size_t> left_out(const Arm& base, const Arm& fresh);

  /// These replicates of a case are compared. What was set on the GPU that changes its speed, so
  /// that they must not be: limits_changed().
  std::string add(const Arm& base, const std::vector<std::size_t>& of_base, const Arm& fresh,
                  const std::vector<std::size_t>& of_fresh);

  /// What differs, a line each, in how many of the cases where not in all. Where no case was added,
  /// of the results' own machines.
  std::vector<std::string> notes() const;

 private:
  using Origins = std::set<std::optional<std::size_t>>; ///< indices; none: the result's own

  const results::Result& base_;
  const results::Result& fresh_;
  std::map<std::pair<Origins, Origins>, int> cases_; ///< by the origins of what is compared
  std::map<std::string, int> left_out_;              ///< cases
};

} // namespace bench::compare
