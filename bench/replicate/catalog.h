#pragma once

#include <bench/scenario/catalog.h>

namespace bench::replicate {

/// What scenarios may name, out of the registries of models, engines and kernels.
scenario::Catalog make_catalog();

} // namespace bench::replicate
