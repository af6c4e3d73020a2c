#pragma once

#include <string>
#include <vector>

namespace bench::kernel_bench {

/// Refuses, before anything is measured, flags with which Google Benchmark would end this process
/// by itself or measure nothing: unknown ones, values it cannot read, a filter that leaves no case,
/// a file that cannot be written. `names` are those it knows the cases by. Throws bench::Error.
void check_benchmark_flags(const std::vector<std::string>& flags,
                           const std::vector<std::string>& names);

} // namespace bench::kernel_bench
