#pragma once

#include <string>

namespace bench {

/// What was built. Defined in a file that the build writes.
struct Version {
  std::string tool;       ///< "0.1.0"
  std::string git_sha;    ///< 12 digits, or "unknown" outside a checkout
  bool git_dirty = false; ///< tracked files differed from it
};

const Version& version();

} // namespace bench
