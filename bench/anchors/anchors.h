#pragma once

#include <bench/device/device.h>
#include <bench/measure/workload.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

/// Anchors: frozen workloads that every replicate times beside its cases. They hold no code of
/// kernels/ or models/, so when they move it was the machine. A GPU was seen that copied 2 % faster
/// in some processes than in others at the same clocks, and ran its loops 0.2 % faster with it.
namespace bench::anchors {

struct Anchor {
  std::string_view name; ///< last part of its case id
  std::string_view hash; ///< 16 hex digits; changes with the anchor's work and never else
  std::unique_ptr<measure::Workload> (*make)(device::Device& device);
  std::int64_t (*bytes)(const device::Device& device); ///< read and written by a step; 0: not known
  bool for_kernels; ///< says something about a process that times kernels only
};

/// "copy": memory to memory, far larger than the L2 cache; a step is ten copies.
/// "mix": matrix products, attention and norms of the size of a 6 B transformer; a step is a block.
/// It is like a loop, and takes as long as two kernel cases: not where there are only kernels.
const std::vector<Anchor>& all();

} // namespace bench::anchors
