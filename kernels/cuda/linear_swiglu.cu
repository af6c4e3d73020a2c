#include <kernels/cuda/hopper.cuh>
#include <kernels/cuda/linear_swiglu.h>
#include <kernels/cuda/vector.cuh>

#include <cudaTypedefs.h>

#include <algorithm>

// Persistent clusters of two blocks. A block makes tiles of 128 x 128 outputs, for which it
// multiplies 128 rows of x with 128 rows of the weight's gate half and the 128 of its up half: both
// factors of an output are then in one thread's registers. One warp lets the copy engine fill a
// ring of stages, two warpgroups multiply 64 rows each. The two blocks' tiles lie below each other
// and share the weight, which is the larger part of what a tile reads; those of a last odd row of
// tiles lie side by side and share x.

namespace kernels::cuda {
namespace {

using namespace hopper;

constexpr int kRows = 128, kColumns = 128, kDepth = 64; // of a tile; 128 bytes of its inputs
constexpr int kStages = 4;
constexpr int kXBytes = kRows * kDepth * 2, kHalfWeightBytes = kColumns * kDepth * 2;
constexpr int kStageBytes = kXBytes + 2 * kHalfWeightBytes;
constexpr int kWarpRows = 16, kBoxColumns = 64; // of a store: 128 bytes
constexpr int kBoxBytes = kWarpRows * kBoxColumns * 2;
constexpr int kOutBytes = kRows * kColumns * 2;
constexpr int kAlignment = 1024; // of swizzled tiles; the runtime promises less
constexpr int kSharedBytes = kAlignment + kStages * kStageBytes + kOutBytes + 16 * kStages;
constexpr int kWarpgroup = 128, kConsumers = 2, kThreads = (1 + kConsumers) * kWarpgroup;
/// Pairs of row tiles that run side by side, their part of x in the L2 while the weight streams by.
constexpr int kMostPairs = 9;

struct Call {
  CUtensorMap x, weight, to;
  int row_tiles, column_tiles, depth_tiles, half;
  int group; ///< pairs of row tiles

  /// What clusters do: two neighbouring row tiles of one column tile ...
  __host__ __device__ int tasks_that_share_weight() const { return row_tiles / 2 * column_tiles; }
  /// ... and of a last odd row tile two neighbouring column tiles.
  __host__ __device__ int tasks() const {
    return tasks_that_share_weight() + row_tiles % 2 * ((column_tiles + 1) / 2);
  }
};

struct Tile {
  int row, column; ///< first element
  bool shares_weight;
};

__device__ Tile tile_of(const Call& p, int task, int rank) {
  const int side_by_side = task - p.tasks_that_share_weight();
  if (side_by_side >= 0)
    return {(p.row_tiles - 1) * kRows, (2 * side_by_side + rank) * kColumns, false};
  const int in_group = p.group * p.column_tiles;
  const int group = task / in_group, first = group * p.group, rest = task - group * in_group;
  const int pairs = min(p.group, p.row_tiles / 2 - first);
  const int column = rest / pairs, pair = first + rest - column * pairs;
  return {(2 * pair + rank) * kRows, column * kColumns, true};
}

__device__ float exp2_approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ float reciprocal_approximate(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// silu(gate) * up of two neighbours, with one division for both: special functions are what an
/// epilogue waits for. The clamp keeps its divisor finite and is 1e-17 off at most.
__device__ unsigned gated(float gate0, float gate1, float up0, float up1) {
  constexpr float kMinusLog2E = -1.4426950408889634f, kMost = 60;
  const float a = 1 + exp2_approximate(fminf(gate0 * kMinusLog2E, kMost));
  const float b = 1 + exp2_approximate(fminf(gate1 * kMinusLog2E, kMost));
  const float both = reciprocal_approximate(a * b);
  return pack_pair({gate0 * up0 * (both * b), gate1 * up1 * (both * a)}, __nv_bfloat16{});
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
__device__ void load(const Call& p, std::uint32_t stages, std::uint32_t full, std::uint32_t empty) {
  constexpr std::uint16_t kBoth = 3;
  const int rank = static_cast<int>(rank_in_cluster());
  Position at{.parity = 1};
  for (int task = blockIdx.x / 2; task < p.tasks(); task += gridDim.x / 2) {
    const Tile tile = tile_of(p, task, rank);
    for (int k = 0; k < p.depth_tiles * kDepth; k += kDepth, at.next()) {
      const std::uint32_t x = stages + at.stage * kStageBytes, gate = x + kXBytes,
                          up = gate + kHalfWeightBytes, barrier = full + 8 * at.stage;
      wait(empty + 8 * at.stage, at.parity);
      arrive_and_expect(barrier, kStageBytes);
      if (tile.shares_weight) {
        load_tile(x, p.x, k, tile.row, barrier);
        load_tile(x + kXBytes / 2, p.x, k, tile.row + kRows / 2, barrier);
        load_tile_into(kBoth, rank == 0 ? gate : up, p.weight, k, tile.column + rank * p.half,
                       barrier);
      } else {
        load_tile_into(kBoth, x + rank * (kXBytes / 2), p.x, k, tile.row + rank * (kRows / 2),
                       barrier);
        load_tile(gate, p.weight, k, tile.column, barrier);
        load_tile(up, p.weight, k, tile.column + p.half, barrier);
      }
    }
  }
}

/// silu(gate) * up of a warp's 16 rows of the product d, through its part of shared memory.
__device__ void store(const Call& p, const float (&d)[128], std::uint32_t out, int row,
                      int column) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if (lane == 0)
    wait_until_stores_have_read(); // the tile before
  __syncwarp();
  const int to_row = lane % 16, to_chunk = lane / 16; // of the 8x8 matrix whose address it gives
#pragma unroll
  for (int g = 0; g < kColumns / 8; g += 2) {
    const auto result = [&](int i) {
      return gated(d[i], d[i + 1], d[kColumns / 2 + i], d[kColumns / 2 + i + 1]);
    };
    const int chunk = (g % 8 + to_chunk) ^ (to_row % 8); // swizzled
    store_matrices(out + g / 8 * kBoxBytes + to_row * 128 + chunk * 16, result(4 * g),
                   result(4 * g + 2), result(4 * g + 4), result(4 * g + 6));
  }
  publish_to_copy_engine();
  __syncwarp();
  if (lane == 0) {
    store_tile(p.to, column, row, out);
    store_tile(p.to, column + kBoxColumns, row, out + kBoxBytes);
    end_group_of_stores();
  }
}

/// A warpgroup: products of its 64 rows of each tile.
__device__ void multiply(const Call& p, int consumer, std::uint32_t stages, std::uint32_t full,
                         std::uint32_t empty, std::uint32_t out) {
  const int in_group = static_cast<int>(threadIdx.x) % kWarpgroup, warp = in_group / 32;
  const int rank = static_cast<int>(rank_in_cluster());
  const auto release = [&](int stage) { // to both blocks: either may write here
    if (in_group < 2)
      arrive_in(in_group, empty + 8 * stage);
  };
  out += (consumer * 4 + warp) * 2 * kBoxBytes;
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
    store(p, d, out, tile.row + consumer * (kRows / 2) + warp * kWarpRows, tile.column);
  }
  if (in_group % 32 == 0)
    wait_until_stores_are_done();
}

__global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(kThreads, 1)
    linear_swiglu_kernel(const __grid_constant__ Call p) {
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
      load(p, stages, full, empty);
  } else {
    take_registers<240>();
    multiply(p, warpgroup - 1, stages, full, empty, out);
  }
  synchronize_cluster(); // a block may not end while the other one writes to it
}

/// The driver's, which is not linked: machines without a GPU have none.
cudaError_t find_encode(PFN_cuTensorMapEncodeTiled_v12000& encode) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  const cudaError_t error = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function,
                                                             12000, cudaEnableDefault, &found);
  encode = reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
  return error == cudaSuccess && function == nullptr ? cudaErrorNotSupported : error;
}

/// Of a bf16 matrix whose rows are `stride` elements apart, in boxes of `box_rows` x kDepth.
cudaError_t make_map(CUtensorMap& map, const void* data, std::int64_t rows, std::int64_t columns,
                     std::int64_t stride, int box_rows) {
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

int tiles(std::int64_t size, int tile) {
  return static_cast<int>((size + tile - 1) / tile);
}

/// The size of as few groups of at most `most` as hold `count`, all alike if they can be.
int evenly(int count, int most) {
  return tiles(count, std::max(1, tiles(count, most)));
}

} // namespace

cudaError_t launch(const LinearSwiglu& p, cudaStream_t stream) {
  if (p.rows == 0 || p.half == 0)
    return cudaSuccess;
  Call call{};
  call.row_tiles = tiles(p.rows, kRows);
  call.column_tiles = tiles(p.half, kColumns);
  call.group = evenly(call.row_tiles / 2, kMostPairs);
  call.depth_tiles = tiles(p.inputs, kDepth);
  call.half = static_cast<int>(p.half);
  int device = 0, processors = 0;
  for (const cudaError_t error :
       {make_map(call.x, p.x, p.rows, p.inputs, p.row_stride, kRows / 2),
        make_map(call.weight, p.weight, 2 * p.half, p.inputs, p.inputs, kColumns),
        make_map(call.to, p.to, p.rows, p.half, p.half, kWarpRows), cudaGetDevice(&device),
        cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device),
        cudaFuncSetAttribute(linear_swiglu_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             kSharedBytes)})
    if (error != cudaSuccess)
      return error;
  const int clusters = std::min(processors / 2, call.tasks());
  linear_swiglu_kernel<<<2 * clusters, kThreads, kSharedBytes, stream>>>(call);
  return cudaGetLastError();
}

} // namespace kernels::cuda
