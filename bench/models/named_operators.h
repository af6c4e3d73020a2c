#pragma once

#include <memory>

namespace kernels {
class Operators;
}

namespace bench::models {

/// The same operators, each inside of a profile::Operation of its name: what a composed one
/// launches belongs to the operator that the model called.
std::shared_ptr<const kernels::Operators>
named(std::shared_ptr<const kernels::Operators> operators);

} // namespace bench::models
