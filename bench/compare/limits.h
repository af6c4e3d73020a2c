#pragma once

#include <bench/results/result.h>

#include <cstddef>
#include <string>
#include <vector>

/// What is set on GPUs and changes their speed (results::kGpuLimits), around replicates that are
/// held against each other. What a file does not say is unknown, not different.
namespace bench::compare {

using Replicates = std::vector<const results::Replicate*>;

/// What makes a limit another one, so that the two must not be compared: "" where nothing does. On
/// GPUs that both have each is held against itself, else all against all: a limit must have one
/// value on both sides.
std::string limits_changed(const results::Result& base_result, const Replicates& base,
                           const results::Result& fresh_result, const Replicates& fresh);

/// Replicates of the base at a limit that no new one has.
struct AtOtherLimits {
  std::vector<std::size_t> replicates{}; ///< their indices, ascending
  std::string text{};                    ///< "power limit 600 W, now 700 W"
};

/// Those that must be left out, where the two have no GPU in common and some are left then.
AtOtherLimits at_other_limits(const results::Result& base_result, const Replicates& base,
                              const results::Result& fresh_result, const Replicates& fresh);

} // namespace bench::compare
