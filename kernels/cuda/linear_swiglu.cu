#include <kernels/cuda/linear.cuh>
#include <kernels/cuda/linear_swiglu.h>
#include <kernels/cuda/vector.cuh>

namespace kernels::cuda {
namespace {

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

/// The first half of a tile's products are gates, the second their factors.
struct Swiglu {
  static constexpr int kColumns = 128;

  __device__ void operator()(unsigned (&results)[kColumns / 4], float (&d)[128], int, int) const {
#pragma unroll
    for (int i = 0; i < kColumns / 2; i += 2)
      results[i / 2] = gated(d[i], d[i + 1], d[kColumns / 2 + i], d[kColumns / 2 + i + 1]);
  }
};

} // namespace

cudaError_t launch(const LinearSwiglu& p, cudaStream_t stream) {
  const linear::Matrices matrices{.x = p.x,
                                  .rows = p.rows,
                                  .inputs = p.inputs,
                                  .row_stride = p.row_stride,
                                  .weight = p.weight,
                                  .weight_rows = 2 * p.half,
                                  .to = p.to,
                                  .columns = p.half,
                                  .second = p.half};
  return linear::launch(matrices, Swiglu{}, stream);
}

} // namespace kernels::cuda
