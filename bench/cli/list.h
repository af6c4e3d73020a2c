#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace bench::cli {

struct ListOptions {
  std::string what;                             ///< "cases", "jobs", "models", "paths", "engines"
  std::vector<std::filesystem::path> scenarios; ///< of `cases`, `jobs`; none: all in scenarios/
  std::vector<std::filesystem::path> plugins;   ///< of `cases`, `jobs` and `paths`
  std::string profile;                          ///< of `cases`, `jobs`; "": every profile
};

/// `bench list`: what exists, and why something cannot run here. Throws UsageError.
void list(const ListOptions& options, std::FILE* out);

} // namespace bench::cli
