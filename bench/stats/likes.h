#pragma once

#include <bench/stats/judge.h>

#include <span>
#include <string>
#include <vector>

namespace bench::stats {

/// Which replicates may be compared: on the same GPUs where both arms have some in common, and with
/// copies of about the same time.
struct Likes {
  std::vector<std::size_t> base; ///< indices, ascending
  std::vector<std::size_t> fresh;
  std::vector<std::size_t> base_set_aside; ///< on GPUs that are compared, but out of line
  std::vector<std::size_t> fresh_set_aside;
  bool same_device = true;
  bool alike_devices = false; ///< on different GPUs whose copies take about the same time
  std::string reason;         ///< why none may be compared; else ""
};

/// `kind_tolerance` > 0: where the arms have no GPU in common, only those are compared whose copies
/// are as alike as that, if there are any; the others are set aside.
Likes choose_likes(std::span<const Observation> base, std::span<const Observation> fresh,
                   double anchor_tolerance, double kind_tolerance = 0);

} // namespace bench::stats
