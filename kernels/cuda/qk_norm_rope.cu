#include <kernels/cuda/launch.cuh>
#include <kernels/cuda/qk_norm_rope.h>
#include <kernels/cuda/vector.cuh>

namespace kernels::cuda {
namespace {

constexpr int kMostThreads = 256; // of a block

/// One over the root mean square of a head, of which each of `kLanes` threads has a vector.
template <int kLanes, int kElements>
__device__ float inverse_rms(const float (&value)[kElements], float eps) {
  float sum = 0;
#pragma unroll
  for (int e = 0; e < kElements; ++e)
    sum = fmaf(value[e], value[e], sum);
#pragma unroll
  for (int step = kLanes / 2; step > 0; step /= 2)
    sum += __shfl_xor_sync(0xffffffff, sum, step);
  return rsqrtf(fmaf(sum, 1.0f / (kLanes * kElements), eps));
}

template <int kElements>
__device__ void scale(float (&value)[kElements], float factor, const float (&weight)[kElements]) {
#pragma unroll
  for (int e = 0; e < kElements; ++e)
    value[e] = value[e] * factor * weight[e];
}

/// Cosine and sine of each pair of this lane's vector.
template <int kLanes, int kElements>
__device__ void read_cos_sin(float2 (&cos_sin)[kElements / 2], const float2* rotation,
                             std::int64_t token, int lane) {
  const float4* pairs =
      reinterpret_cast<const float4*>(rotation + token * (kLanes * kElements / 2)) +
      lane * (kElements / 4);
#pragma unroll
  for (int i = 0; i < kElements / 4; ++i) {
    const float4 two = __ldg(pairs + i);
    cos_sin[2 * i] = {two.x, two.y};
    cos_sin[2 * i + 1] = {two.z, two.w};
  }
}

template <int kPairs>
__device__ void no_rotation(float2 (&cos_sin)[kPairs]) {
#pragma unroll
  for (int i = 0; i < kPairs; ++i)
    cos_sin[i] = {1, 0};
}

/// Pairs by the cosine and sine of each: neighbours, or element i of either half.
template <bool kHalfSplit, int kElements>
__device__ void rotate(float (&value)[kElements], const float2 (&cos_sin)[kElements / 2]) {
#pragma unroll
  for (int pair = 0; pair < kElements / 2; ++pair) {
    float& x = value[kHalfSplit ? pair : 2 * pair];
    float& y = value[kHalfSplit ? pair + kElements / 2 : 2 * pair + 1];
    const float2 t = cos_sin[pair];
    const float old_x = x, old_y = y;
    x = old_x * t.x - old_y * t.y;
    y = fmaf(old_x, t.y, old_y * t.x);
  }
}

/// This lane's part of a head, which `kLanes` lanes hold: 16 bytes of neighbours. Half-split, 8
/// bytes of either half, so that both elements of a pair are this lane's.
template <typename V, int kLanes, bool kHalfSplit>
struct Part {
  static __device__ V load_stream(const void* head, int lane) {
    if constexpr (!kHalfSplit)
      return cuda::load_stream(static_cast<const V*>(head) + lane);
    const uint2* halves = static_cast<const uint2*>(head) + lane;
    return joined(cuda::load_stream(halves), cuda::load_stream(halves + kLanes));
  }
  static __device__ V load_shared(const void* head, int lane) {
    if constexpr (!kHalfSplit)
      return cuda::load_shared(static_cast<const V*>(head) + lane);
    const uint2* halves = static_cast<const uint2*>(head) + lane;
    return joined(cuda::load_shared(halves), cuda::load_shared(halves + kLanes));
  }
  static __device__ void store(void* head, int lane, const V& part) {
    if constexpr (!kHalfSplit) {
      cuda::store(static_cast<V*>(head) + lane, part);
      return;
    }
    uint2* halves = static_cast<uint2*>(head) + lane;
    __stcs(halves, uint2{part.words.x, part.words.y});
    __stcs(halves + kLanes, uint2{part.words.z, part.words.w});
  }

 private:
  static __device__ V joined(uint2 first, uint2 second) {
    return {{first.x, first.y, second.x, second.y}};
  }
};

constexpr int kHeads = 2;

/// A block has a token (blockIdx.x) and as many of its heads as it holds. `kLanes` threads hold a
/// head, a vector each, of `kHeads` neighbours of q and of k. These share what is read and computed
/// for a token: in a loop, at two thirds of the clock that a kernel alone has, a thread for each
/// vector is limited by its instructions, not by memory.
template <typename T, int kLanes, bool kHalfSplit>
__global__ void __launch_bounds__(kMostThreads) qk_norm_rope_kernel(const QkNormRope p) {
  constexpr int kElements = 16 / sizeof(T);
  using V = Vector<T, kElements>;
  using HeadPart = Part<V, kLanes, kHalfSplit>;
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const int first = static_cast<int>((blockIdx.y * blockDim.x + threadIdx.x) / kLanes) * kHeads;
  const std::int64_t token = blockIdx.x;

  let_next_kernel_be_set_up();
  wait_for_previous_kernel();

  // Everything is asked for before anything is used.
  V x[2][kHeads], weight[2];
#pragma unroll
  for (int side = 0; side < 2; ++side) {
    const QkNormRope::Side& of = side == 0 ? p.q : p.k;
    const T* from = static_cast<const T*>(of.from) + token * of.token_stride;
#pragma unroll
    for (int h = 0; h < kHeads; ++h)
      x[side][h] = first + h < p.heads
                       ? HeadPart::load_stream(from + (first + h) * of.head_stride, lane)
                       : V{};
  }
  float2 cos_sin[kElements / 2];
  no_rotation(cos_sin);
  if (p.rotation)
    read_cos_sin<kLanes, kElements>(cos_sin, p.rotation, token, lane);
#pragma unroll
  for (int side = 0; side < 2; ++side)
    weight[side] = HeadPart::load_shared(side == 0 ? p.q.weight : p.k.weight, lane);

#pragma unroll
  for (int side = 0; side < 2; ++side) {
    const QkNormRope::Side& of = side == 0 ? p.q : p.k;
    T* to = static_cast<T*>(of.to) + token * of.to_token_stride;
    float weights[kElements];
    weight[side].unpack(weights);
#pragma unroll
    for (int h = 0; h < kHeads; ++h) {
      float value[kElements];
      x[side][h].unpack(value);
      scale(value, inverse_rms<kLanes>(value, p.eps), weights);
      rotate<kHalfSplit>(value, cos_sin);
      V out;
      out.pack(value);
      if (first + h < p.heads)
        HeadPart::store(to + (first + h) * of.to_head_stride, lane, out);
    }
  }
}

/// A vector for each thread, all heads side by side: more threads, each sooner done, so less
/// latency where there are few heads.
template <typename T, int kLanes, bool kHalfSplit, NextSetUp kNext>
__global__ void __launch_bounds__(kMostThreads) qk_norm_rope_of_few_kernel(const QkNormRope p) {
  constexpr int kElements = 16 / sizeof(T);
  constexpr int kHeadsOfBlock = kMostThreads / kLanes;
  using V = Vector<T, kElements>;
  using HeadPart = Part<V, kLanes, kHalfSplit>;
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const unsigned index = blockIdx.x * kHeadsOfBlock + threadIdx.x / kLanes;
  // A token's heads of q, then its heads of k: as a packed product has them.
  const unsigned heads = static_cast<unsigned>(p.heads);
  const std::int64_t token = index / (2 * heads);
  const unsigned of_token = index % (2 * heads);
  const bool is_k = of_token >= heads;
  const unsigned head = is_k ? of_token - heads : of_token;
  const bool is_there = token < p.tokens;
  // Member by member: a reference to one side would put the parameters into local memory.
  const T* from = static_cast<const T*>(is_k ? p.k.from : p.q.from) +
                  token * (is_k ? p.k.token_stride : p.q.token_stride) +
                  head * (is_k ? p.k.head_stride : p.q.head_stride);
  const T* weights = static_cast<const T*>(is_k ? p.k.weight : p.q.weight);
  T* to = static_cast<T*>(is_k ? p.k.to : p.q.to) +
          token * (is_k ? p.k.to_token_stride : p.q.to_token_stride) +
          head * (is_k ? p.k.to_head_stride : p.q.to_head_stride);

  if constexpr (kNext == NextSetUp::at_start)
    let_next_kernel_be_set_up();
  wait_for_previous_kernel();

  V x{};
  float2 cos_sin[kElements / 2];
  if (is_there) {
    x = HeadPart::load_stream(from, lane);
    if (p.rotation)
      read_cos_sin<kLanes, kElements>(cos_sin, p.rotation, token, lane);
  }
  const V weight = HeadPart::load_shared(weights, lane);
  if constexpr (kNext == NextSetUp::behind_loads)
    let_next_kernel_be_set_up();

  float value[kElements], factors[kElements];
  x.unpack(value);
  const float factor = inverse_rms<kLanes>(value, p.eps);
  if (!is_there)
    return;
  weight.unpack(factors);
  scale(value, factor, factors);
  if (!p.rotation)
    no_rotation(cos_sin);
  rotate<kHalfSplit>(value, cos_sin);
  V out;
  out.pack(value);
  HeadPart::store(to, lane, out);
}

template <typename T, int kLanes, bool kHalfSplit>
cudaError_t launch_many(const QkNormRope& p, cudaStream_t stream) {
  const int threads = (p.heads + kHeads - 1) / kHeads * kLanes; // for a token
  const int blocks = (threads + kMostThreads - 1) / kMostThreads;
  const int of_block = (threads + blocks - 1) / blocks;
  const dim3 grid(static_cast<unsigned>(p.tokens), static_cast<unsigned>(blocks));
  return launch_kernel(qk_norm_rope_kernel<T, kLanes, kHalfSplit>, grid, (of_block + 31) / 32 * 32,
                       stream, p);
}

template <typename T, int kLanes, bool kHalfSplit>
cudaError_t launch_few(const QkNormRope& p, cudaStream_t stream) {
  const std::int64_t heads = p.tokens * 2 * p.heads, of_block = kMostThreads / kLanes;
  const dim3 blocks(static_cast<unsigned>((heads + of_block - 1) / of_block));
  const auto kernel =
      two_fit_side_by_side(blocks, kMostThreads)
          ? qk_norm_rope_of_few_kernel<T, kLanes, kHalfSplit, NextSetUp::behind_loads>
          : qk_norm_rope_of_few_kernel<T, kLanes, kHalfSplit, NextSetUp::at_start>;
  return launch_kernel(kernel, blocks, kMostThreads, stream, p);
}

/// Heads of q up to which a launch is too short for sharing to pay: 12,288 (512 tokens of FLUX.1)
/// take 1 % longer with it, 24,576 (of FLUX.2) 0.7 % less.
constexpr std::int64_t kFewHeads = 16'384;

template <typename T, int kLanes, bool kHalfSplit>
cudaError_t launch_split(const QkNormRope& p, cudaStream_t stream) {
  return p.tokens * p.heads <= kFewHeads ? launch_few<T, kLanes, kHalfSplit>(p, stream)
                                         : launch_many<T, kLanes, kHalfSplit>(p, stream);
}

template <typename T, int kLanes>
cudaError_t launch_lanes(const QkNormRope& p, cudaStream_t stream) {
  return p.is_half_split ? launch_split<T, kLanes, true>(p, stream)
                         : launch_split<T, kLanes, false>(p, stream);
}

template <typename T>
cudaError_t launch_type(const QkNormRope& p, int width, cudaStream_t stream) {
  switch (width * static_cast<int>(sizeof(T)) / 16) {
  case 4:
    return launch_lanes<T, 4>(p, stream);
  case 8:
    return launch_lanes<T, 8>(p, stream);
  case 16:
    return launch_lanes<T, 16>(p, stream);
  case 32:
    return launch_lanes<T, 32>(p, stream);
  default:
    return cudaErrorInvalidValue;
  }
}

} // namespace

bool takes_head(Type type, int width) {
  const int bytes = width * (type == Type::fp32 ? 4 : 2);
  return bytes == 64 || bytes == 128 || bytes == 256 || bytes == 512;
}

cudaError_t launch(const QkNormRope& p, Type type, int width, cudaStream_t stream) {
  if (p.heads == 0)
    return cudaSuccess;
  switch (type) {
  case Type::bf16:
    return launch_type<__nv_bfloat16>(p, width, stream);
  case Type::fp16:
    return launch_type<__half>(p, width, stream);
  case Type::fp32:
    return launch_type<float>(p, width, stream);
  }
  return cudaErrorInvalidValue;
}

} // namespace kernels::cuda
