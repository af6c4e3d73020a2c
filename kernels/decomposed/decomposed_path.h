#pragma once

#include <kernels/operators.h>

#include <memory>

namespace kernels::decomposed {

/// RMSNorm as diffusers writes it (models/normalization.py, RMSNorm): a chain of fp32 operators, a
/// kernel each; rounds to the weight's type before it multiplies by the weight. What a graph break
/// leaves of a compiled model.
std::shared_ptr<const Operators> make_operators();

} // namespace kernels::decomposed
