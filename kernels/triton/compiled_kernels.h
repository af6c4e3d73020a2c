#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kernels::triton {

/// A Triton `rms_norm`, or a variant of it, for rows up to `width_class` elements of one type,
/// compiled ahead of time by compile.py, which also says what it takes.
struct CompiledKernel {
  std::string function = "rms_norm"; ///< in the source
  int width_class = 0;
  c10::ScalarType dtype = c10::ScalarType::BFloat16;
  std::string symbol; ///< in the cubin
  int rows = 1;       ///< of a program
  int warps = 4;      ///< of a program
  int shared_bytes = 0;
  std::string cubin; ///< the file's bytes
};

/// What compile.py wrote into `folder`. Throws std::runtime_error naming the file that is lacking
/// or broken.
std::vector<CompiledKernel> read_compiled(const std::filesystem::path& folder);

/// Of rms_norm.py, embedded in this library. Only with BENCH_CUDA.
std::vector<CompiledKernel> embedded_rms_norm();

/// The version of the Triton that compiled it: "3.6.0". Only with BENCH_CUDA.
std::string triton_version();

} // namespace kernels::triton
