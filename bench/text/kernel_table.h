#pragma once

#include <bench/results/result.h>
#include <bench/text/terminal.h>

#include <string>

namespace bench::text {

/// For each case with a profile the table of its kernels, the longest first: `rows` of them, the
/// rest summed, and the gaps, which add up to a sample (a step of a loop, a launch of a kernel
/// case). Lines of at most 120 columns. A case without a table says why. Above the table of a loop
/// whose step the GPU counted stands what that moves and how near it comes to the measured copy and
/// matrix product.
///
///     launches  of the kernel by the operation, in one sample
///     total     time of them in one sample
///     median    time of one
///     share     total / the sample
///     regs      registers of a thread
///     DRAM      bytes that a launch moved from and to memory, where the GPU counted them
///     L2 hits   of the sectors asked for
///     tensor    share of the cycles in which the tensor pipes were at work
std::string kernel_tables(const results::Result& result, int rows, const Style& style);

} // namespace bench::text
