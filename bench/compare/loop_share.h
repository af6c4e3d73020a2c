#pragma once

#include <bench/results/result.h>
#include <bench/stats/judge.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

/// What the drift of a kernel case means for the loops that launch this kernel.
namespace bench::compare {

struct LoopShare {
  std::string loop;        ///< "turbo-9"
  std::string id;          ///< of the loop's case
  std::string operation{}; ///< "rms_norm"
  double share = 0;        ///< of the loop's step, 0 to 1, that the operation's kernels take
  double drift = 0; ///< of a step, relative, should all of the operation drift as the case did
  /// Counted, not profiled: all launches are taken for ones of the case's shape.
  bool at_most = false;
};

/// The loops of a result, each with what it takes, which every kernel's share is of.
class Loops {
 public:
  /// Refers to `result`.
  explicit Loops(const results::Result& result);

  /// Those that run the kernel case's family on its path, whose operation takes time there by their
  /// profile or, where they have none, by how often they launch its kernels; the largest share
  /// first. `work` is the kernel case's drift.
  std::vector<LoopShare> shares(const results::CaseResult& kernel,
                                const stats::Interval& work) const;

 private:
  struct Loop {
    const results::CaseResult* of;
    double step_s; ///< its median; 0 where it has a profile, which tells
  };
  /// By each parameter and its value: where a kernel's path lies, too.
  std::map<std::pair<std::string, std::string>, std::vector<Loop>> loops_;
};

/// "+1.20 % of rms_norm is about +0.09 % of turbo-9", or "is at most"; two loops are named. "" for
/// none.
std::string to_text(const std::vector<LoopShare>& shares, const stats::Interval& work);

} // namespace bench::compare
