#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bench::profile {

/// One run of a kernel, or one copy or set of memory, on the GPU.
struct Record {
  std::string name;      ///< as device::kernel_name gives it; "[memcpy]", "[memset]"
  std::string operation; ///< of Operation where it was launched or captured; "" outside of all
  std::array<std::int64_t, 3> grid{};
  std::array<std::int64_t, 3> block{};
  std::int64_t registers = 0;           ///< of a thread
  std::int64_t shared_memory_bytes = 0; ///< of a block
  std::uint64_t start_ns = 0;           ///< on the GPU's clock
  std::uint64_t end_ns = 0;
  std::uint32_t stream = 0;
  bool in_graph = false; ///< a node of a CUDA graph
};

/// In the order in which they began.
using Records = std::vector<Record>;

} // namespace bench::profile
