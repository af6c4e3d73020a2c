#pragma once

#include <bench/results/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What is the same in every run of the same code, so that one run of each side tells a change: how
/// many kernels a sample launches, and which.
namespace bench::explain {

/// Launches of one kernel in one sample.
struct KernelCount {
  std::string name;
  std::int64_t base = 0;
  std::int64_t fresh = 0;
};

struct ExactChange {
  std::optional<std::int64_t> base_launches{}; ///< of all kernels; none: not counted
  std::optional<std::int64_t> new_launches{};
  std::vector<KernelCount> kernels{}; ///< whose number changed, the largest change first
  bool from_profile =
      false; ///< the profiles tell it; a graph's own count does not, or is not there

  bool empty() const;
};

/// The captured graphs' counts where both sides have them; else, or where these are equal, those of
/// the profiles, should both have one without dropped records. Empty where nothing changed or
/// nobody counted.
ExactChange exact_change(const results::CaseResult& base, const results::CaseResult& fresh);

/// "launches 1199 -> 1209: +10 rms_norm_kernel"; at most three kernels are named. "" for none.
std::string to_text(const ExactChange& change);

} // namespace bench::explain
