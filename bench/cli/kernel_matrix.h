#pragma once

#include <bench/cli/terminal.h>
#include <bench/results/result.h>

#include <string>

namespace bench::cli {

/// Kernel cases side by side, a line a family and shape, a column a path: microseconds a launch and
/// the share of a copy of the same bytes, the fastest path last. "" when no shape was measured on
/// two paths.
///
///     kernel                      aten        fused  best
///     rms_norm/4128x3840.bf16  22.3 74 %  16.3 100 %  fused
std::string kernel_matrix(const results::Result& result, const Style& style);

} // namespace bench::cli
