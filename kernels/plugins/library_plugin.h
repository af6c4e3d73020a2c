#pragma once

#include <kernels/paths.h>

#include <filesystem>
#include <string>
#include <vector>

namespace kernels::plugins {

struct LoadedLibrary {
  std::vector<Path> paths;
  std::vector<std::string> left_out; ///< a line for each variant that is no path: why
};

/// Loads a LibTorch operator library: a path for each namespace that it registers an rms_norm in,
/// and, named by the suffix too, for each rms_norm with a suffix ("_v2"). A path has those of the
/// operators of its namespace and suffix that kernels/library/schemas.h names; the others are
/// composed.
LoadedLibrary load_library(const std::filesystem::path& file);

} // namespace kernels::plugins
