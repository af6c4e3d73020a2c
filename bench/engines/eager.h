#pragma once

#include <bench/engines/engine.h>

namespace bench::engines {

/// One operator after the other, as a Python loop without torch.compile runs them.
std::unique_ptr<PreparedLoop> prepare_eager(models::DenoiseLoop& loop, device::Device& device);

} // namespace bench::engines
