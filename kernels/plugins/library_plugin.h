#pragma once

#include <kernels/paths.h>

#include <filesystem>
#include <vector>

namespace kernels::plugins {

/// Loads a LibTorch operator library: a path for each namespace that it registers an rms_norm in,
/// with those of its operators that kernels/library/schemas.h names; the others are composed.
std::vector<Path> load_library(const std::filesystem::path& file);

} // namespace kernels::plugins
