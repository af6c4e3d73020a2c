#pragma once

#include <bench/compare/comparison.h>
#include <bench/results/result.h>
#include <bench/text/terminal.h>

#include <string>

namespace bench::text {

/// Kernel cases side by side, a line a family and shape, a column a path: microseconds a launch,
/// the share of a copy of the same bytes and, where a `comparison` judged the case, the drift of
/// its work; the fastest path last. "" when no shape was measured on two paths.
///
///     kernel                           aten                fused  best
///     rms_norm/4128x3840.bf16  22.3 74 % +0.0 %  16.3 100 % -1.8 %  fused
std::string kernel_matrix(const results::Result& result, const Style& style,
                          const compare::Comparison* comparison = nullptr);

} // namespace bench::text
