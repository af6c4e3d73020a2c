#pragma once

#include <bench/compare/data_set.h>

/// How wrong the clock line is on samples whose truth is known: `bench selftest --judge`.
namespace bench::compare {

/// How far the line within loops leads off where the clocks of an arm and of the unchanged case are
/// apart. Each process's arm is held against its own unchanged case, by the line of the unchanged
/// cases on its GPU.
struct OffTheLine {
  std::string id; ///< of the arm
  int processes = 0;
  double clocks_apart = 0; ///< mean over processes of the arm's mean log clock - the unchanged's
  double error = 0;        ///< mean of the drift of work found - the true one, log time
  double error_se = 0;     ///< its standard error
  double follows = 0;      ///< slope, over processes, of that error on how far clocks are apart
  double follows_se = 0;
};

/// One for each arm. Empty where the line is not of loops, or none can be fitted.
std::vector<OffTheLine> off_the_line(const results::Result& data, const std::string& id,
                                     const std::vector<KnownArm>& arms);

} // namespace bench::compare
