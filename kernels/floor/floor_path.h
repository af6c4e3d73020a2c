#pragma once

#include <kernels/operators.h>

#include <memory>

namespace kernels::floor {

/// Every operator left out: what remains of a block is its matrix products and its attention, on
/// inputs of the right shape and the right size of numbers. How far a loop with another path is
/// from a loop with this one is what its operators cost. The output means nothing.
std::shared_ptr<const Operators> make_operators();

} // namespace kernels::floor
