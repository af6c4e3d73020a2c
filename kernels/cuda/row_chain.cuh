#pragma once

#include <kernels/cuda/row_chain.h>
#include <kernels/cuda/vector.cuh>

namespace kernels::cuda {

enum class Norm { none, rms, layer };

/// What a chain is made of, known when it is compiled.
struct Links {
  bool norm1 = false;
  bool residual = false;
  bool gate = false;
  Norm norm2 = Norm::none;
  bool weight2 = false;
  bool scale2 = false;
  bool shift2 = false;
};

constexpr Links links_of(Chain chain) {
  Links l;
  switch (chain) {
  case Chain::rms_norm:
    l.norm2 = Norm::rms, l.weight2 = true;
    break;
  case Chain::rms_norm_scale:
    l.norm2 = Norm::rms, l.weight2 = l.scale2 = true;
    break;
  case Chain::rms_norm_scale_shift:
    l.norm2 = Norm::rms, l.weight2 = l.scale2 = l.shift2 = true;
    break;
  case Chain::add_gated_rms_norm:
    l.norm1 = l.residual = l.gate = true;
    break;
  case Chain::add_gated_rms_norm_then_scale:
    l.norm1 = l.residual = l.gate = true;
    l.norm2 = Norm::rms, l.weight2 = l.scale2 = true;
    break;
  case Chain::add_rms_norm:
    l.residual = true;
    l.norm2 = Norm::rms, l.weight2 = true;
    break;
  case Chain::layer_norm_scale:
    l.norm2 = Norm::layer, l.scale2 = true;
    break;
  case Chain::layer_norm_scale_shift:
    l.norm2 = Norm::layer, l.scale2 = l.shift2 = true;
    break;
  case Chain::add_gated:
    l.residual = l.gate = true;
    break;
  case Chain::add_gated_then_layer_norm:
    l.residual = l.gate = true;
    l.norm2 = Norm::layer, l.scale2 = l.shift2 = true;
    break;
  }
  return l;
}

template <Chain kChain>
inline constexpr Links kLinksOf = links_of(kChain);

/// How a row lies over threads: `kThreads` of them hold `kVectors` vectors each; a block has
/// `kGroups` such groups.
template <int threads, int vectors, int groups>
struct Layout {
  static constexpr int kThreads = threads;
  static constexpr int kVectors = vectors;
  static constexpr int kGroups = groups;
  static constexpr int kBlock = threads * groups;
  static_assert(threads <= 32 ? 32 % threads == 0 : threads % 32 == 0 && groups == 1,
                "a group is part of a warp, or warps that fill a block");
};

/// The sum of `value` over the threads of a group, for every one of them. `slot` < 3: the sums of
/// one kernel have different ones, so that none waits for the readers of another.
template <int kThreads>
__device__ float sum_over_group(float value, int slot) {
  constexpr int kLanes = kThreads < 32 ? kThreads : 32;
#pragma unroll
  for (int step = kLanes / 2; step > 0; step /= 2)
    value += __shfl_xor_sync(0xffffffff, value, step);
  if constexpr (kThreads > 32) {
    constexpr int kWarps = kThreads / 32;
    constexpr int kQuads = (kWarps + 3) / 4; // read four at once
    __shared__ float4 partial[3][kQuads];
    float* of_warp = reinterpret_cast<float*>(partial[slot]);
    if (threadIdx.x % 32 == 0)
      of_warp[threadIdx.x / 32] = value;
    __syncthreads();
    value = 0;
#pragma unroll
    for (int q = 0; q < kQuads; ++q) {
      const float4 four = partial[slot][q];
      const float parts[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
      for (int w = 0; w < 4; ++w)
        if (4 * q + w < kWarps)
          value += parts[w];
    }
  }
  return value;
}

/// The chain on one row, whose part of this thread lies in registers.
template <typename T, int kElements, Chain kChain, typename L>
class RowMath {
 public:
  static constexpr Links kLinks = kLinksOf<kChain>;
  using V = Vector<T, kElements>;
  using Part = V[L::kVectors];

  __device__ RowMath(const RowChain& chain, int thread)
      : chain_(chain), thread_(thread), vectors_(chain.width / kElements),
        inverse_width_(1.0f / static_cast<float>(chain.width)) {}

  /// Index in the row of this thread's vector `i`.
  __device__ int place(int i) const { return thread_ + i * L::kThreads; }
  __device__ bool is_there(int i) const { return place(i) < vectors_; }

  /// Reads what norm 2 multiplies by ahead of its sum, where there are registers for it.
  __device__ void read_ahead() {
    if constexpr (kAhead)
#pragma unroll
      for (int i = 0; i < L::kVectors; ++i)
        if (is_there(i))
          read_parameters(i, weight2_[i], scale2_[i], shift2_[i]);
  }

  /// `a` and, where there is a residual, `x`: vectors past the row's end are zero. Writes y and z.
  __device__ void run(std::int64_t row, Part& a, const V* x, bool is_row) {
    if constexpr (kLinks.norm1 || kLinks.residual)
      first_half(row, a, x, is_row);
    if constexpr (kLinks.norm2 != Norm::none)
      second_half(row, a, is_row);
  }

 private:
  static constexpr bool kAhead = kLinks.norm2 != Norm::none && L::kVectors <= 2;
  static constexpr int kKept = kAhead ? L::kVectors : 1;

  __device__ V shared(const void* from, int i) const {
    return load_shared(static_cast<const V*>(from) + place(i));
  }
  __device__ void write(void* to, std::int64_t row, int i, const V& vector) const {
    store(reinterpret_cast<V*>(static_cast<T*>(to) + row * chain_.width) + place(i), vector);
  }
  __device__ void read_parameters(int i, V& weight, V& scale, V& shift) const {
    if constexpr (kLinks.weight2)
      weight = shared(chain_.weight2, i);
    if constexpr (kLinks.scale2)
      scale = shared(chain_.scale2, i);
    if constexpr (kLinks.shift2)
      shift = shared(chain_.shift2, i);
  }

  __device__ float inverse_root(float sum_of_squares) const {
    return rsqrtf(fmaf(sum_of_squares, inverse_width_, chain_.eps));
  }

  /// The sum of this thread's squares of distances from `mean`.
  __device__ float squares(Part& a, float mean) const {
    float sum = 0;
#pragma unroll
    for (int i = 0; i < L::kVectors; ++i) {
      // What lies past the row's end is zero, which is -mean from the mean.
      if (kLinks.norm2 == Norm::layer && !is_there(i))
        break;
      float value[kElements];
      a[i].unpack(value);
#pragma unroll
      for (int e = 0; e < kElements; ++e)
        sum = fmaf(value[e] - mean, value[e] - mean, sum);
      stay_packed(a[i]);
    }
    return sum;
  }

  __device__ static void multiply(float (&value)[kElements], const V& by) {
    float factor[kElements];
    by.unpack(factor);
#pragma unroll
    for (int e = 0; e < kElements; ++e)
      value[e] *= factor[e];
  }
  __device__ static void add(float (&value)[kElements], const V& term) {
    float terms[kElements];
    term.unpack(terms);
#pragma unroll
    for (int e = 0; e < kElements; ++e)
      value[e] += terms[e];
  }

  __device__ void first_half(std::int64_t row, Part& a, const V* x, bool is_row) {
    float factor = 1;
    if constexpr (kLinks.norm1)
      factor = inverse_root(sum_over_group<L::kThreads>(squares(a, 0), 0));
#pragma unroll
    for (int i = 0; i < L::kVectors; ++i) {
      if (!is_there(i))
        break;
      float value[kElements];
      a[i].unpack(value);
      if constexpr (kLinks.norm1) {
#pragma unroll
        for (int e = 0; e < kElements; ++e)
          value[e] *= factor;
        multiply(value, shared(chain_.weight1, i));
      }
      if constexpr (kLinks.gate)
        multiply(value, shared(chain_.gate, i));
      add(value, x[i]);
      a[i].pack(value);
      if (is_row)
        write(chain_.y, row, i, a[i]);
      stay_packed(a[i]);
    }
  }

  __device__ void second_half(std::int64_t row, Part& a, bool is_row) {
    float mean = 0;
    if constexpr (kLinks.norm2 == Norm::layer) {
#pragma unroll
      for (int i = 0; i < L::kVectors; ++i) {
        float value[kElements];
        a[i].unpack(value);
#pragma unroll
        for (int e = 0; e < kElements; ++e)
          mean += value[e];
        stay_packed(a[i]);
      }
      mean = sum_over_group<L::kThreads>(mean, 1) * inverse_width_;
    }
    const float factor = inverse_root(sum_over_group<L::kThreads>(squares(a, mean), 2));
#pragma unroll
    for (int i = 0; i < L::kVectors; ++i) {
      if (!is_there(i))
        break;
      V weight, scale, shift, out;
      if constexpr (kAhead)
        weight = weight2_[i], scale = scale2_[i], shift = shift2_[i];
      else
        read_parameters(i, weight, scale, shift);
      float value[kElements];
      a[i].unpack(value);
#pragma unroll
      for (int e = 0; e < kElements; ++e)
        value[e] = (value[e] - mean) * factor;
      if constexpr (kLinks.weight2)
        multiply(value, weight);
      if constexpr (kLinks.scale2)
        multiply(value, scale);
      if constexpr (kLinks.shift2)
        add(value, shift);
      out.pack(value);
      if (is_row)
        write(chain_.z, row, i, out);
    }
  }

  const RowChain& chain_;
  int thread_;
  int vectors_;
  float inverse_width_;
  V weight2_[kKept], scale2_[kKept], shift2_[kKept];
};

} // namespace kernels::cuda
