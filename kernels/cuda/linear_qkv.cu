#include <kernels/cuda/linear.cuh>
#include <kernels/cuda/linear_qkv.h>
#include <kernels/cuda/vector.cuh>

namespace kernels::cuda {
namespace {

constexpr int kHead = 128;

/// A tile's columns are two heads. Four threads hold those of a row: each 16 pairs of a head.
struct QkvNormRope {
  static constexpr int kColumns = 2 * kHead;
  static constexpr int kGroups = kHead / 8, kOfHead = 4 * kGroups; // values of a thread's two rows

  const unsigned *bias, *q_weight, *k_weight; // pairs
  const float2* rotation;
  int rows, heads;
  float eps;

  __device__ void operator()(unsigned (&results)[kColumns / 4], float (&d)[128], int row,
                             int column) const {
    const int lane = static_cast<int>(threadIdx.x) % 32, pair = lane % 4;
    const int head = column / kHead; // and the next one
    float factors[2][2];
#pragma unroll
    for (int side = 0; side < 2; ++side)
      if (head + side < 3 * heads) {
        if (bias)
          add_bias(d + side * kOfHead, bias + (head + side) * (kHead / 2) + pair);
        normalize(d + side * kOfHead, factors[side]);
      }
    const float2* turns[2]; // of the two rows; past the last one nothing is written
#pragma unroll
    for (int i = 0; i < 2; ++i)
      turns[i] = rotation +
                 static_cast<std::int64_t>(min(row + lane / 4 + 8 * i, rows - 1)) * (kHead / 2) +
                 pair;
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      const float2 turn0 = rotation ? __ldg(turns[0] + 4 * g) : float2{1, 0},
                   turn1 = rotation ? __ldg(turns[1] + 4 * g) : float2{1, 0};
#pragma unroll
      for (int side = 0; side < 2; ++side) {
        float* v = d + side * kOfHead + 4 * g;
        if (head + side < 2 * heads) {
          const unsigned* weights = head + side < heads ? q_weight : k_weight;
          const float2 w = unpack_pair(__ldg(weights + 4 * g + pair), __nv_bfloat16{});
          turn(v[0], v[1], factors[side][0], w, turn0);
          turn(v[2], v[3], factors[side][1], w, turn1);
        }
        results[2 * (side * kGroups + g)] = pack_pair({v[0], v[1]}, __nv_bfloat16{});
        results[2 * (side * kGroups + g) + 1] = pack_pair({v[2], v[3]}, __nv_bfloat16{});
      }
    }
  }

 private:
  static __device__ void add_bias(float* head, const unsigned* pairs) {
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      const float2 b = unpack_pair(__ldg(pairs + 4 * g), __nv_bfloat16{});
      head[4 * g] += b.x;
      head[4 * g + 1] += b.y;
      head[4 * g + 2] += b.x;
      head[4 * g + 3] += b.y;
    }
  }

  /// 1 / root mean square of the head in each of the two rows.
  __device__ void normalize(const float* head, float (&factors)[2]) const {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      float sum = 0;
#pragma unroll
      for (int g = 0; g < kGroups; ++g) {
        sum = fmaf(head[4 * g + 2 * i], head[4 * g + 2 * i], sum);
        sum = fmaf(head[4 * g + 2 * i + 1], head[4 * g + 2 * i + 1], sum);
      }
      sum += __shfl_xor_sync(0xffffffff, sum, 1);
      sum += __shfl_xor_sync(0xffffffff, sum, 2);
      factors[i] = rsqrtf(fmaf(sum, 1.0f / kHead, eps));
    }
  }

  static __device__ void turn(float& even, float& odd, float factor, float2 weight, float2 by) {
    const float a = even * factor * weight.x, b = odd * factor * weight.y;
    even = a * by.x - b * by.y;
    odd = fmaf(a, by.y, b * by.x);
  }
};

} // namespace

cudaError_t launch(const LinearQkv& p, cudaStream_t stream) {
  const std::int64_t columns = std::int64_t{3} * p.heads * kHead;
  const linear::Matrices matrices{.x = p.x,
                                  .rows = p.rows,
                                  .inputs = p.inputs,
                                  .row_stride = p.row_stride,
                                  .weight = p.weight,
                                  .weight_rows = columns,
                                  .to = p.to,
                                  .columns = columns,
                                  .second = kHead};
  QkvNormRope epilogue{};
  epilogue.bias = static_cast<const unsigned*>(p.bias);
  epilogue.q_weight = static_cast<const unsigned*>(p.q_weight);
  epilogue.k_weight = static_cast<const unsigned*>(p.k_weight);
  epilogue.rotation = p.rotation;
  epilogue.rows = static_cast<int>(p.rows);
  epilogue.heads = p.heads;
  epilogue.eps = p.eps;
  return linear::launch(matrices, epilogue, stream);
}

} // namespace kernels::cuda
