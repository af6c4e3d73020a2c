#pragma once

#include <cstdio>
#include <filesystem>
#include <vector>

/// Paths out of files that others wrote. kernels/README.md says what such a file must hold.
namespace kernels::plugins {

/// Adds the paths of `files` to kernels::paths(): of a `.so` one for each LibTorch namespace it
/// registers an rms_norm in and one for each variant of that, of a `.py` one of the file's name and
/// one for each variant. Writes a line to `notes`, if there is one, for each variant of a `.so`
/// that is no path, and why. Throws bench::UsageError in one line that names the file, what is
/// wrong with it and the mend; bench::UnavailableError where this machine lacks what a `.py` needs,
/// a Python with triton.
void load(const std::vector<std::filesystem::path>& files, std::FILE* notes);

} // namespace kernels::plugins
