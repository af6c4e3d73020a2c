#pragma once

#include <kernels/cuda/launch.cuh>
#include <kernels/cuda/row_chain.cuh>

namespace kernels::cuda {

/// Rows go from memory to registers and back: a block for each row, or for as many as its groups.
/// Measured against a persistent kernel that streams rows through shared memory with the copy
/// engine: this is faster, because the next kernel's blocks move in while the last ones finish.
/// The 1, a block on an SM at least, is no idle word: without it ptxas spends registers otherwise,
/// and the layouts were measured with it.
template <typename T, int kElements, Chain kChain, typename L, NextSetUp kNext>
__global__ void __launch_bounds__(L::kBlock, 1) row_chain_kernel(const RowChain p) {
  using Math = RowMath<T, kElements, kChain, L>;
  using V = typename Math::V;
  Math math(p, static_cast<int>(threadIdx.x) % L::kThreads);
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * L::kGroups +
                           static_cast<int>(threadIdx.x) / L::kThreads;
  const bool is_row = row < p.rows;

  if constexpr (kNext == NextSetUp::at_start)
    let_next_kernel_be_set_up();
  wait_for_previous_kernel();

  // Everything that is read once is asked for before anything is used.
  const std::int64_t outer = p.inner == 1 ? row : row / p.inner;
  const T* from_a = static_cast<const T*>(p.a) + outer * p.outer_stride +
                    (row - outer * p.inner) * p.inner_stride;
  const T* from_x = static_cast<const T*>(p.x) + row * p.width;
  V a[L::kVectors], x[Math::kLinks.residual ? L::kVectors : 1];
#pragma unroll
  for (int i = 0; i < L::kVectors; ++i) {
    const bool is_there = is_row && math.is_there(i);
    a[i] = is_there ? load_stream(reinterpret_cast<const V*>(from_a) + math.place(i)) : V{};
    if constexpr (Math::kLinks.residual)
      x[i] = is_there ? load_stream(reinterpret_cast<const V*>(from_x) + math.place(i)) : V{};
  }
  math.read_ahead();
  if constexpr (kNext == NextSetUp::behind_loads)
    let_next_kernel_be_set_up();
  math.run(row, a, x, is_row);
  if constexpr (kNext == NextSetUp::at_end)
    let_next_kernel_be_set_up();
}

template <typename L>
dim3 blocks_of(const RowChain& p) {
  return dim3(static_cast<unsigned>((p.rows + L::kGroups - 1) / L::kGroups));
}

template <typename T, int kElements, Chain kChain, typename L, NextSetUp kNext>
cudaError_t launch_layout(const RowChain& p, cudaStream_t stream) {
  return launch_kernel(row_chain_kernel<T, kElements, kChain, L, kNext>, blocks_of<L>(p), L::kBlock,
                       stream, p);
}

} // namespace kernels::cuda
