#pragma once

#include <kernels/cuda/launch.cuh>
#include <kernels/cuda/row_chain.cuh>

#include <cuda/ptx>

namespace kernels::cuda {

namespace ptx = ::cuda::ptx;

/// A chain whose rows stream through shared memory: a few blocks on every SM take tiles of
/// neighbouring rows in turns, and the copy engine (TMA) fetches `kStages` tiles ahead of the one
/// being worked on, so that reads never pause while sums are formed. For many dense rows.
///
/// kTileRows: rows of a tile, a multiple of L::kGroups. kBlocksOnSm: how many share an SM.
template <typename layout, int tile_rows, int stages, int blocks_on_sm>
struct Stream {
  using L = layout;
  static constexpr int kTileRows = tile_rows;
  static constexpr int kStages = stages;
  static constexpr int kBlocksOnSm = blocks_on_sm;
  static_assert(tile_rows % L::kGroups == 0);
};

template <typename T, int kElements, Chain kChain, typename S>
__global__ void __launch_bounds__(S::L::kBlock, S::kBlocksOnSm) streamed_kernel(const RowChain p) {
  using L = typename S::L;
  using Math = RowMath<T, kElements, kChain, L>;
  using V = typename Math::V;
  constexpr bool kResidual = Math::kLinks.residual;
  extern __shared__ __align__(128) unsigned char shared[];
  __shared__ std::uint64_t is_full[S::kStages];

  const int group = static_cast<int>(threadIdx.x) / L::kThreads;
  Math math(p, static_cast<int>(threadIdx.x) % L::kThreads);
  const std::int64_t tiles = (p.rows + S::kTileRows - 1) / S::kTileRows;
  const unsigned row_bytes = static_cast<unsigned>(p.width * sizeof(T));
  const unsigned tile_bytes = row_bytes * S::kTileRows;
  const auto tile_a = [&](int stage) { return shared + stage * (kResidual ? 2 : 1) * tile_bytes; };

  const auto fetch = [&](std::int64_t tile, int stage) {
    const std::int64_t first = tile * S::kTileRows;
    const std::int64_t rows = p.rows - first < S::kTileRows ? p.rows - first : S::kTileRows;
    const unsigned bytes = row_bytes * static_cast<unsigned>(rows);
    const auto copy = [&](unsigned char* to, const void* from) {
      ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, to,
                         static_cast<const T*>(from) + first * p.width, bytes, &is_full[stage]);
    };
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared,
                                   &is_full[stage], kResidual ? 2 * bytes : bytes);
    copy(tile_a(stage), p.a);
    if constexpr (kResidual)
      copy(tile_a(stage) + tile_bytes, p.x);
  };

  const bool is_fetcher = threadIdx.x == 0;
  if (is_fetcher) {
    for (int stage = 0; stage < S::kStages; ++stage)
      ptx::mbarrier_init(&is_full[stage], 1);
    ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
  }
  let_next_kernel_be_set_up();
  wait_for_previous_kernel();
  if (is_fetcher)
    for (int stage = 0; stage < S::kStages; ++stage)
      if (const std::int64_t tile = blockIdx.x + static_cast<std::int64_t>(stage) * gridDim.x;
          tile < tiles)
        fetch(tile, stage);
  math.read_ahead();
  __syncthreads();

  int stage = 0, parity = 0, slot = 0;
  for (std::int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    while (!ptx::mbarrier_try_wait_parity(&is_full[stage], parity)) {
    }
    constexpr int kRounds = S::kTileRows / L::kGroups;
    V a[kRounds][L::kVectors], x[kRounds][kResidual ? L::kVectors : 1];
    const std::int64_t first = tile * S::kTileRows;
#pragma unroll
    for (int round = 0; round < kRounds; ++round) {
      const int row = round * L::kGroups + group;
      const bool is_row = first + row < p.rows;
      const V* from_a = reinterpret_cast<const V*>(tile_a(stage) + row * row_bytes);
      const V* from_x = reinterpret_cast<const V*>(tile_a(stage) + tile_bytes + row * row_bytes);
#pragma unroll
      for (int i = 0; i < L::kVectors; ++i) {
        const bool is_there = is_row && math.is_there(i);
        a[round][i] = is_there ? from_a[math.place(i)] : V{};
        if constexpr (kResidual)
          x[round][i] = is_there ? from_x[math.place(i)] : V{};
      }
    }
    __syncthreads(); // the tile is in registers: its place may be filled again
    if (const std::int64_t next = tile + static_cast<std::int64_t>(S::kStages) * gridDim.x;
        is_fetcher && next < tiles)
      fetch(next, stage);
#pragma unroll
    for (int round = 0; round < kRounds; ++round) {
      const std::int64_t row = first + round * L::kGroups + group;
      math.run(row, a[round], x[round], row < p.rows, slot);
      slot = 3 - slot;
    }
    if (++stage == S::kStages)
      stage = 0, parity ^= 1;
  }
}

template <typename T, int kElements, Chain kChain, typename S>
cudaError_t launch_streamed(const RowChain& p, int sms, cudaStream_t stream) {
  const auto kernel = streamed_kernel<T, kElements, kChain, S>;
  const int bytes = S::kStages * S::kTileRows * p.width * static_cast<int>(sizeof(T)) *
                    (kLinksOf<kChain>.residual ? 2 : 1);
  if (const cudaError_t error =
          cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
      error != cudaSuccess)
    return error;
  const std::int64_t tiles = (p.rows + S::kTileRows - 1) / S::kTileRows;
  const std::int64_t most = std::int64_t{sms} * S::kBlocksOnSm;
  return launch_kernel(kernel, tiles < most ? tiles : most, S::L::kBlock, bytes, stream, p);
}

} // namespace kernels::cuda
