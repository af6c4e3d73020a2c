#include <kernels/cuda/launch.cuh>
#include <kernels/cuda/qk_norm_rope.h>
#include <kernels/cuda/vector.cuh>

namespace kernels::cuda {
namespace {

constexpr int kBlock = 256;

/// `kLanes` threads hold a head, a vector each.
template <typename T, int kLanes>
__global__ void __launch_bounds__(kBlock) qk_norm_rope_kernel(const QkNormRope p) {
  constexpr int kElements = 16 / sizeof(T);
  constexpr int kWidth = kLanes * kElements;
  constexpr int kHeadsOfBlock = kBlock / kLanes;
  using V = Vector<T, kElements>;
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

  let_next_kernel_be_set_up();
  wait_for_previous_kernel();

  V x{};
  float2 turn[kElements / 2];
  if (is_there) {
    x = load_stream(reinterpret_cast<const V*>(from) + lane);
    if (p.rotation) {
      const float4* turns = reinterpret_cast<const float4*>(p.rotation + token * (kWidth / 2)) +
                            lane * (kElements / 4);
#pragma unroll
      for (int i = 0; i < kElements / 4; ++i) {
        const float4 two = __ldg(turns + i);
        turn[2 * i] = {two.x, two.y};
        turn[2 * i + 1] = {two.z, two.w};
      }
    }
  }
  const V weight = load_shared(reinterpret_cast<const V*>(weights) + lane);

  float value[kElements], sum = 0;
  x.unpack(value);
#pragma unroll
  for (int e = 0; e < kElements; ++e)
    sum = fmaf(value[e], value[e], sum);
#pragma unroll
  for (int step = kLanes / 2; step > 0; step /= 2)
    sum += __shfl_xor_sync(0xffffffff, sum, step);
  const float factor = rsqrtf(fmaf(sum, 1.0f / kWidth, p.eps));
  if (!is_there)
    return;

  float factors[kElements];
  weight.unpack(factors);
#pragma unroll
  for (int e = 0; e < kElements; e += 2) {
    const float even = value[e] * factor * factors[e];
    const float odd = value[e + 1] * factor * factors[e + 1];
    const float2 t = p.rotation ? turn[e / 2] : float2{1, 0};
    value[e] = even * t.x - odd * t.y;
    value[e + 1] = fmaf(even, t.y, odd * t.x);
  }
  V out;
  out.pack(value);
  store(reinterpret_cast<V*>(to) + lane, out);
}

template <typename T>
cudaError_t launch_type(const QkNormRope& p, int width, cudaStream_t stream) {
  const int lanes = width * static_cast<int>(sizeof(T)) / 16;
  const auto with = [&](void (*kernel)(QkNormRope)) {
    const std::int64_t heads = p.tokens * 2 * p.heads, of_block = kBlock / lanes;
    return launch_kernel(SetUp::early, kernel, (heads + of_block - 1) / of_block, kBlock, stream,
                         p);
  };
  switch (lanes) {
  case 4:
    return with(qk_norm_rope_kernel<T, 4>);
  case 8:
    return with(qk_norm_rope_kernel<T, 8>);
  case 16:
    return with(qk_norm_rope_kernel<T, 16>);
  case 32:
    return with(qk_norm_rope_kernel<T, 32>);
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
