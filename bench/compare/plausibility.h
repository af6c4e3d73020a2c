#pragma once

#include <bench/results/result.h>

#include <string>

/// What cannot be, or must not, whatever the clock says: such a case is invalid.
namespace bench::compare {

/// "" or why a GPU cannot have been so fast: a kernel that moves its bytes a quarter faster than a
/// copy of as many, which the same process timed; a loop that computes a tenth faster than a large
/// product does at the loop's clock. Of the last replicate. Work was left out, or modelled too
/// large.
std::string impossible_speed(const results::CaseResult& result);

/// "" or how far the output of a kernel is off the fp64 result: by more of its root mean square
/// than roundings in its type explain.
std::string wrong_output(const results::CaseResult& result);

/// "" or what of the GPU's settings is not as when the run began, by the machine's facts (power
/// limit, application clock) or by replicates of the case that it has (a locked SM clock).
std::string setting_changed(const results::Result& run, const results::CaseResult& part);

} // namespace bench::compare
