#pragma once

#include <cuda.h>

#include <cstdint>

/// What Hopper's matrix products are made of and C++ has no name for: barriers that count bytes,
/// the copy engine that reads and writes tiles of a tensor map, products of a warpgroup. Addresses
/// are of shared memory; tiles in it are rows of 128 bytes, swizzled by 128 bytes. Source: PTX ISA
/// 9.0, chapters mbarrier, cp.async.bulk.tensor, wgmma.
namespace kernels::cuda::hopper {

inline __device__ std::uint32_t address_of(const void* shared) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
}

inline __device__ std::uint32_t rank_in_cluster() {
  std::uint32_t rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

/// Of all threads of the cluster, with what they wrote before.
inline __device__ void synchronize_cluster() {
  asm volatile("barrier.cluster.arrive.release;\n"
               "barrier.cluster.wait.acquire;" ::
                   : "memory");
}

inline __device__ void initialize_barrier(std::uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals));
}

/// Lets the copy engine and the other blocks see initialized barriers.
inline __device__ void publish_barriers() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

inline __device__ void wait(std::uint32_t barrier, std::uint32_t parity) {
  asm volatile("{\n"
               ".reg .pred done;\n"
               "again:\n"
               "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
               "@!done bra again;\n"
               "}" ::"r"(barrier),
               "r"(parity)
               : "memory");
}

/// Arrives; the phase ends only when so many bytes have come too.
inline __device__ void arrive_and_expect(std::uint32_t barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}

/// At the barrier of that address in another block of the cluster, or in this one. What the thread
/// wrote before is not published (that takes a fence of the whole GPU): it says only that it has
/// read.
inline __device__ void arrive_in(std::uint32_t block, std::uint32_t barrier) {
  asm volatile("{\n"
               ".reg .b32 remote;\n"
               "mapa.shared::cluster.u32 remote, %0, %1;\n"
               "mbarrier.arrive.shared::cluster.b64 _, [remote];\n"
               "}" ::"r"(barrier),
               "r"(block)
               : "memory");
}

/// Copies the map's box at (column, row); what lies outside of the tensor is zero, and counts.
inline __device__ void load_tile(std::uint32_t to, const CUtensorMap& map, int column, int row,
                                 std::uint32_t barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
               " [%0], [%1, {%2, %3}], [%4];" ::"r"(to),
               "l"(&map), "r"(column), "r"(row), "r"(barrier)
               : "memory");
}

/// The same to the same address in each block of `blocks` (a bit mask), at each one's barrier.
inline __device__ void load_tile_into(std::uint16_t blocks, std::uint32_t to,
                                      const CUtensorMap& map, int column, int row,
                                      std::uint32_t barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
               ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
               "l"(&map), "r"(column), "r"(row), "r"(barrier), "h"(blocks)
               : "memory");
}

/// What lies outside of the tensor is not written.
inline __device__ void store_tile(const CUtensorMap& map, int column, int row, std::uint32_t from) {
  asm volatile(
      "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];" ::"l"(&map),
      "r"(column), "r"(row), "r"(from)
      : "memory");
}

inline __device__ void end_group_of_stores() {
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

/// Until this thread's stores have read shared memory.
inline __device__ void wait_until_stores_have_read() {
  asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
}

inline __device__ void wait_until_stores_are_done() {
  asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}

/// Lets the copy engine see what this thread wrote to shared memory.
inline __device__ void publish_to_copy_engine() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/// Four 8x8 matrices of 16 bits: `to` is the address of row lane % 8 of matrix lane / 8.
inline __device__ void store_matrices(std::uint32_t to, std::uint32_t a, std::uint32_t b,
                                      std::uint32_t c, std::uint32_t d) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(a),
               "r"(b), "r"(c), "r"(d)
               : "memory");
}

template <int kRegisters>
__device__ void give_back_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

/// Of a tile that begins at a multiple of 1024 bytes: groups of 8 rows lie 1024 bytes apart.
inline __device__ std::uint64_t tile_descriptor(std::uint32_t tile) {
  constexpr std::uint64_t kUnused = 1, kEightRows = 1024 >> 4, kSwizzle128 = 1;
  return (tile & 0x3ffff) >> 4 | kUnused << 16 | kEightRows << 32 | kSwizzle128 << 62;
}
/// To be added to a descriptor: 16 elements of 2 bytes further along the rows.
inline constexpr std::uint64_t kSixteenColumns = 32 >> 4;

inline __device__ void begin_products() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
inline __device__ void end_group_of_products() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
/// Until at most so many groups of this warpgroup's products are under way.
template <int kGroups>
__device__ void wait_for_products() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kGroups) : "memory");
}

#define BENCH_FOUR(d, i) "+f"(d[i]), "+f"(d[(i) + 1]), "+f"(d[(i) + 2]), "+f"(d[(i) + 3])
#define BENCH_16(d, i)                                                                             \
  BENCH_FOUR(d, i), BENCH_FOUR(d, (i) + 4), BENCH_FOUR(d, (i) + 8), BENCH_FOUR(d, (i) + 12)
#define BENCH_64(d, i)                                                                             \
  BENCH_16(d, i), BENCH_16(d, (i) + 16), BENCH_16(d, (i) + 32), BENCH_16(d, (i) + 48)

/// d (+)= a b^T of a warpgroup: a [64, 16], b [256, 16] bf16 in shared memory, d [64, 256] fp32.
/// Thread t of the four warps holds of row 16 (t / 32) + t % 32 / 4 the columns 8 g + 2 (t % 4) and
/// the next one in d[4 g] and d[4 g + 1], and of the row 8 below in d[4 g + 2] and d[4 g + 3].
inline __device__ void multiply_64x256x16(float (&d)[128], std::uint64_t a, std::uint64_t b,
                                          bool accumulates) {
  asm volatile(
      "{\n"
      ".reg .pred accumulates;\n"
      "setp.ne.b32 accumulates, %130, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
      "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
      "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
      "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, "
      "%111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, "
      "%125, %126, %127}, %128, %129, accumulates, 1, 1, 0, 0;\n"
      "}"
      : BENCH_64(d, 0), BENCH_64(d, 64)
      : "l"(a), "l"(b), "r"(static_cast<int>(accumulates)));
}

#undef BENCH_64
#undef BENCH_16
#undef BENCH_FOUR

} // namespace kernels::cuda::hopper
