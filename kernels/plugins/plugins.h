#pragma once

#include <filesystem>

/// Paths out of files that others wrote. kernels/README.md says what such a file must hold.
namespace kernels::plugins {

/// Adds the paths of `file` to kernels::paths(): of a `.so` one for each LibTorch namespace it
/// registers an rms_norm in, of a `.py` one of the file's name. Throws bench::UsageError in one
/// line that names the file, what is wrong with it and the mend; bench::UnavailableError where this
/// machine lacks what a `.py` needs, a Python with triton.
void load(const std::filesystem::path& file);

} // namespace kernels::plugins
