#pragma once

#include <kernels/paths.h>

#include <filesystem>
#include <vector>

namespace kernels::plugins {

/// Compiles the Triton functions of `file`, rms_norm and its variants, for the GPUs of this build
/// (sm_90) by a Python that has triton: $BENCH_PYTHON, the .venv of $BENCH_ROOT, or python3. Once:
/// what was compiled is kept in $XDG_CACHE_HOME/bench (~/.cache/bench) under a hash of all that it
/// is made from. Gives a path for each, on CUDA only, named as the file is, a variant by its suffix
/// too.
std::vector<Path> compile_triton(const std::filesystem::path& file);

} // namespace kernels::plugins
