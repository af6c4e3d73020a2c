#pragma once

#include <bench/compare/comparison.h>
#include <bench/results/result.h>
#include <bench/text/terminal.h>

#include <filesystem>
#include <string>

namespace bench::text {

/// A finished or interrupted run for a person: what was measured and where, loops, kernels, where
/// the seconds went, and where the file lies (unless `file` is empty). Everything in it is derived
/// from `result`; nothing is judged, but for the drifts that the kernel matrix takes from a
/// `comparison`.
///
///     ms/step    median time of a step
///     spread     robust coefficient of variation of the samples (stats::robust_variation)
///     s/loop     median over whole loops of the sum of their steps
///     TFLOP/s    modelled operations of a step / its median time
///     of matmul  that rate / the rate of a large matrix product
///     SM GHz     median effective SM frequency
///     us/launch  median time of a launch
///     TB/s       modelled least traffic of a launch / its median time
///     of copy    time to copy as many bytes / median time of a launch
///     max error  largest difference from fp64
///     ulp        the same in units in the last place of the output's type
///     exact      share of elements that are the fp64 result, rounded once; 100 %: bit for bit
std::string result_table(const results::Result& result, const Style& style,
                         const std::filesystem::path& file = {},
                         const compare::Comparison* comparison = nullptr);

} // namespace bench::text
