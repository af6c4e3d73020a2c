#pragma once

#include <bench/engines/engine.h>

namespace bench::engines {

/// One step captured into a CUDA graph; the loop copies the step's numbers in and replays it.
std::unique_ptr<PreparedLoop> prepare_graph(models::DenoiseLoop& loop, device::Device& device);

} // namespace bench::engines
