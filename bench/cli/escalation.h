#pragma once

#include <bench/compare/comparison.h>

#include <string>
#include <vector>

namespace bench::cli {

/// How a run was called, as far as `bench ab` takes the same.
struct AbArguments {
  std::string scenario; ///< its file
  std::string profile;
  std::string only; ///< "": all cases
  std::vector<std::string> overrides;
};

/// Lines with the command that decides what the baseline of another GPU could not: the revision
/// that measured these cases for the baseline against this build, on this very GPU; one for each
/// such revision. "" unless a case is inconclusive for that.
std::string escalation(const compare::Comparison& comparison, const AbArguments& run);

/// A word as a POSIX shell takes it: quoted where it must be.
std::string shell_word(const std::string& word);

} // namespace bench::cli
