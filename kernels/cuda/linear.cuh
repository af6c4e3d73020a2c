#pragma once

#include <kernels/cuda/hopper.cuh>

#include <cudaTypedefs.h>

#include <algorithm>
#include <cstdint>

/// The product of rows of x with a weight's, and what an epilogue makes of each tile of it before
/// it is written. Persistent clusters of two blocks; a tile is 128 rows of x times twice 128 rows
/// of the weight, so that what belongs together (a gate and its factor, the elements of a head)
/// meets in the registers of one or of four threads. One warp lets the copy engine fill a ring of
/// stages, two warpgroups multiply 64 rows each.
///
/// An Epilogue is a kernel's argument:
///     static constexpr int kColumns;
///     __device__ void operator()(unsigned (&results)[kColumns / 4], float (&d)[128], int row,
///                                int column) const;
/// kColumns are a tile's of the output, and its rows of the weight lie so far behind its left
/// neighbour's. d holds a warp's 16 rows from `row` on and the tile's 256 products as
/// multiply_64x256x16 says, those with its second 128 weight rows behind those with the first.
/// results[2 g] are the outputs 8 g + 2 (lane % 4) from `column` on, and the next one, of row lane
/// / 4; results[2 g + 1] of the row 8 below. What lies outside of the output is not written.
namespace kernels::cuda::linear {

using namespace hopper;

inline constexpr int kRows = 128, kHalf = 128, kDepth = 64; // of a tile; 128 bytes of its inputs
inline constexpr int kStages = 4;
inline constexpr int kXBytes = kRows * kDepth * 2, kHalfWeightBytes = kHalf * kDepth * 2;
inline constexpr int kStageBytes = kXBytes + 2 * kHalfWeightBytes;
inline constexpr int kWarpRows = 16, kBoxColumns = 64; // of a store: 128 bytes
inline constexpr int kBoxes = 2;                       // that a warp has room for
inline constexpr int kBoxBytes = kWarpRows * kBoxColumns * 2;
inline constexpr int kOutBytes = kRows / kWarpRows * kBoxes * kBoxBytes;
inline constexpr int kAlignment = 1024; // of swizzled tiles; the runtime promises less
inline constexpr int kSharedBytes = kAlignment + kStages * kStageBytes + kOutBytes + 16 * kStages;
inline constexpr int kWarpgroup = 128, kConsumers = 2, kThreads = (1 + kConsumers) * kWarpgroup;
/// Row tiles that run side by side, their part of x in the L2 while the weight streams by.
inline constexpr int kGroup = 11;

struct Product {
  CUtensorMap x, weight, to;
  int row_tiles, column_pairs, depth_tiles;
  int second; ///< a tile's second 128 rows of the weight lie so far behind the first of its first

  /// What clusters do: two neighbouring column tiles of one row tile, which share x.
  __host__ __device__ int tasks() const { return row_tiles * column_pairs; }
};

struct Tile {
  int row, column; ///< counted in tiles
};

inline __device__ Tile tile_of(const Product& p, int task, int rank) {
  const int in_group = kGroup * p.column_pairs;
  const int group = task / in_group, first = group * kGroup, rest = task - group * in_group;
  const int rows = min(kGroup, p.row_tiles - first);
  const int pair = rest / rows, row = first + rest - pair * rows;
  return {row, 2 * pair + rank};
}

/// Where a block is in the ring.
struct Position {
  int stage = 0;
  std::uint32_t parity;

  __device__ void next() {
    if (++stage == kStages) {
      stage = 0;
      parity ^= 1;
    }
  }
};

/// One thread: fills stage after stage, each as soon as both blocks have done with it.
template <int kColumns>
__device__ void load(const Product& p, std::uint32_t stages, std::uint32_t full,
                     std::uint32_t empty) {
  constexpr std::uint16_t kBoth = 3;
  const int rank = static_cast<int>(rank_in_cluster());
  Position at{.parity = 1};
  for (int task = blockIdx.x / 2; task < p.tasks(); task += gridDim.x / 2) {
    const Tile tile = tile_of(p, task, rank);
    for (int k = 0; k < p.depth_tiles * kDepth; k += kDepth, at.next()) {
      const std::uint32_t x = stages + at.stage * kStageBytes, first = x + kXBytes,
                          second = first + kHalfWeightBytes, barrier = full + 8 * at.stage;
      wait(empty + 8 * at.stage, at.parity);
      arrive_and_expect(barrier, kStageBytes);
      load_tile_into(kBoth, x + rank * (kXBytes / 2), p.x, k, tile.row * kRows + rank * (kRows / 2),
                     barrier);
      load_tile(first, p.weight, k, tile.column * kColumns, barrier);
      load_tile(second, p.weight, k, tile.column * kColumns + p.second, barrier);
    }
  }
}

/// A warp's 16 rows of output, through its part of shared memory.
template <int kColumns>
__device__ void store(const Product& p, const unsigned (&results)[kColumns / 4], std::uint32_t out,
                      int row, int column) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int to_row = lane % 16, to_chunk = lane / 16; // of the 8x8 matrix whose address it gives
#pragma unroll
  for (int first = 0; first < kColumns / kBoxColumns; first += kBoxes) {
    if (lane == 0)
      wait_until_stores_have_read(); // those before
    __syncwarp();
#pragma unroll
    for (int g = 0; g < kBoxes * kBoxColumns / 8; g += 2) {
      const unsigned* r = results + 2 * (first * kBoxColumns / 8 + g);
      const int chunk = (g % 8 + to_chunk) ^ (to_row % 8); // swizzled
      store_matrices(out + g / 8 * kBoxBytes + to_row * 128 + chunk * 16, r[0], r[1], r[2], r[3]);
    }
    publish_to_copy_engine();
    __syncwarp();
    if (lane == 0) {
#pragma unroll
      for (int box = 0; box < kBoxes; ++box)
        store_tile(p.to, column + (first + box) * kBoxColumns, row, out + box * kBoxBytes);
      end_group_of_stores();
    }
  }
}

/// A warpgroup: products of its 64 rows of each tile.
template <class Epilogue>
__device__ void multiply(const Product& p, const Epilogue& epilogue, int consumer,
                         std::uint32_t stages, std::uint32_t full, std::uint32_t empty,
                         std::uint32_t out) {
  const int in_group = static_cast<int>(threadIdx.x) % kWarpgroup, warp = in_group / 32;
  const int rank = static_cast<int>(rank_in_cluster());
  const auto release = [&](int stage) { // to both blocks: either may write here
    if (in_group < 2)
      arrive_in(in_group, empty + 8 * stage);
  };
  out += (consumer * 4 + warp) * kBoxes * kBoxBytes;
  Position at{.parity = 0};
  float d[128];
  for (int task = blockIdx.x / 2; task < p.tasks(); task += gridDim.x / 2) {
    int before = 0;
    for (int k = 0; k < p.depth_tiles; ++k, at.next()) {
      wait(full + 8 * at.stage, at.parity);
      const std::uint32_t x = stages + at.stage * kStageBytes;
      const std::uint64_t a = tile_descriptor(x + consumer * (kXBytes / 2)),
                          b = tile_descriptor(x + kXBytes);
      begin_products();
      multiply_64x256x16(d, a, b, k != 0);
#pragma unroll
      for (int i = 1; i < kDepth / 16; ++i)
        multiply_64x256x16(d, a + i * kSixteenColumns, b + i * kSixteenColumns, true);
      end_group_of_products();
      wait_for_products<1>();
      if (k != 0)
        release(before);
      before = at.stage;
    }
    wait_for_products<0>();
    release(before);
    const Tile tile = tile_of(p, task, rank);
    const int row = tile.row * kRows + consumer * (kRows / 2) + warp * kWarpRows,
              column = tile.column * Epilogue::kColumns;
    unsigned results[Epilogue::kColumns / 4];
    epilogue(results, d, row, column);
    store<Epilogue::kColumns>(p, results, out, row, column);
  }
  if (in_group % 32 == 0)
    wait_until_stores_are_done();
}

template <class Epilogue>
__global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(kThreads, 1)
    linear_kernel(const __grid_constant__ Product p, const __grid_constant__ Epilogue epilogue) {
  extern __shared__ char shared[];
  const std::uint32_t stages = (address_of(shared) + kAlignment - 1) / kAlignment * kAlignment,
                      out = stages + kStages * kStageBytes, full = out + kOutBytes,
                      empty = full + 8 * kStages;
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < kStages; ++stage) {
      initialize_barrier(full + 8 * stage, 1);
      initialize_barrier(empty + 8 * stage, 2 * kConsumers);
    }
    publish_barriers();
  }
  synchronize_cluster();
  const int warpgroup = static_cast<int>(threadIdx.x) / kWarpgroup;
  if (warpgroup == 0) {
    give_back_registers<24>();
    if (threadIdx.x == 0)
      load<Epilogue::kColumns>(p, stages, full, empty);
  } else {
    take_registers<240>();
    multiply(p, epilogue, warpgroup - 1, stages, full, empty, out);
  }
  synchronize_cluster(); // a block may not end while the other one writes to it
}

/// The driver's, which is not linked: machines without a GPU have none.
inline cudaError_t find_encode(PFN_cuTensorMapEncodeTiled_v12000& encode) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  const cudaError_t error = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function,
                                                             12000, cudaEnableDefault, &found);
  encode = reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
  return error == cudaSuccess && function == nullptr ? cudaErrorNotSupported : error;
}

/// Of a bf16 matrix whose rows are `stride` elements apart, in boxes of `box_rows` x kDepth.
inline cudaError_t make_map(CUtensorMap& map, const void* data, std::int64_t rows,
                            std::int64_t columns, std::int64_t stride, int box_rows) {
  static_assert(kDepth == kBoxColumns);
  PFN_cuTensorMapEncodeTiled_v12000 encode = nullptr;
  if (const cudaError_t error = find_encode(encode); error != cudaSuccess)
    return error;
  const cuuint64_t sizes[] = {static_cast<cuuint64_t>(columns), static_cast<cuuint64_t>(rows)};
  const cuuint64_t strides[] = {static_cast<cuuint64_t>(stride) * 2};
  const cuuint32_t box[] = {kDepth, static_cast<cuuint32_t>(box_rows)}, steps[] = {1, 1};
  const CUresult result =
      encode(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, const_cast<void*>(data), sizes, strides,
             box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
             CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

inline int tiles(std::int64_t size, int tile) {
  return static_cast<int>((size + tile - 1) / tile);
}

/// Matrices as they lie in memory: bf16, 16-byte aligned, rows of multiples of 16 bytes.
struct Matrices {
  const void* x;
  std::int64_t rows, inputs, row_stride;
  const void* weight; ///< dense [weight_rows, inputs]
  std::int64_t weight_rows;
  void* to; ///< dense [rows, columns]
  std::int64_t columns;
  std::int64_t second; ///< of Product
};

/// Needs compute capability 9.0.
template <class Epilogue>
cudaError_t launch(const Matrices& m, const Epilogue& epilogue, cudaStream_t stream) {
  if (m.rows == 0 || m.columns == 0)
    return cudaSuccess;
  Product product{};
  product.row_tiles = tiles(m.rows, kRows);
  product.column_pairs = tiles(m.columns, 2 * Epilogue::kColumns);
  product.depth_tiles = tiles(m.inputs, kDepth);
  product.second = static_cast<int>(m.second);
  const auto kernel = linear_kernel<Epilogue>;
  int device = 0, processors = 0;
  for (const cudaError_t error :
       {make_map(product.x, m.x, m.rows, m.inputs, m.row_stride, kRows / 2),
        make_map(product.weight, m.weight, m.weight_rows, m.inputs, m.inputs, kHalf),
        make_map(product.to, m.to, m.rows, m.columns, m.columns, kWarpRows), cudaGetDevice(&device),
        cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device),
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kSharedBytes)})
    if (error != cudaSuccess)
      return error;
  const int clusters = std::min(processors / 2, product.tasks());
  kernel<<<2 * clusters, kThreads, kSharedBytes, stream>>>(product, epilogue);
  return cudaGetLastError();
}

} // namespace kernels::cuda::linear
