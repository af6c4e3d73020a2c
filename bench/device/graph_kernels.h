#pragma once

#include <bench/device/device.h>

#include <cuda_runtime.h>

namespace bench::device {

/// The kernels of a captured graph (child graphs included), by name. Memory copies and sets count
/// as
/// "[memcpy]" and "[memset]". Names the driver will not tell count as "[unknown]".
KernelCounts graph_kernels(cudaGraph_t graph);

} // namespace bench::device
