#include <bench/machine/machine.h>

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bench::machine {
namespace {

/// Wants a GPU that nobody else is on, as a measurement does.
TEST(OthersOnGpu, OwnWorkIsNobodyElses) {
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, std::size_t{10} << 30), cudaSuccess);
  const MachineState state = machine_state(visible_device(Nvml::load()).value());
  for (const Finding& finding : others_on(state, process_tree(getpid())))
    ADD_FAILURE() << finding.line;
  cudaFree(memory);
}

} // namespace
} // namespace bench::machine
