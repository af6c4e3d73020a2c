#include <kernels/cuda/launch.cuh>
#include <kernels/cuda/swiglu.h>
#include <kernels/cuda/vector.cuh>

namespace kernels::cuda {
namespace {

constexpr int kBlock = 256;

template <typename T, int kElements, NextSetUp kNext>
__global__ void __launch_bounds__(kBlock) swiglu_kernel(const Swiglu p) {
  using V = Vector<T, kElements>;
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * kBlock + threadIdx.x;
  const std::int64_t vectors = p.half / kElements;
  const std::int64_t row = index / vectors, column = index - row * vectors;
  if constexpr (kNext == NextSetUp::at_start)
    let_next_kernel_be_set_up();
  wait_for_previous_kernel();
  if (row >= p.rows)
    return;
  const V* from =
      reinterpret_cast<const V*>(static_cast<const T*>(p.packed) + row * p.row_stride) + column;
  const V gate = load_stream(from), up = load_stream(from + vectors);
  if constexpr (kNext == NextSetUp::behind_loads)
    let_next_kernel_be_set_up();
  float g[kElements], u[kElements];
  gate.unpack(g);
  up.unpack(u);
#pragma unroll
  for (int e = 0; e < kElements; ++e)
    u[e] *= g[e] / (1.0f + __expf(-g[e]));
  V out;
  out.pack(u);
  store(reinterpret_cast<V*>(static_cast<T*>(p.to) + row * p.half) + column, out);
}

template <typename T>
cudaError_t launch_type(const Swiglu& p, bool is_aligned, cudaStream_t stream) {
  constexpr int kElements = 16 / sizeof(T);
  const std::int64_t vectors = p.rows * (p.half / (is_aligned ? kElements : 1));
  const dim3 blocks(static_cast<unsigned>((vectors + kBlock - 1) / kBlock));
  const auto with = [&](auto at_start, auto behind_loads) {
    return launch_kernel(two_fit_side_by_side(blocks, kBlock) ? behind_loads : at_start, blocks,
                         kBlock, stream, p);
  };
  return is_aligned ? with(swiglu_kernel<T, kElements, NextSetUp::at_start>,
                           swiglu_kernel<T, kElements, NextSetUp::behind_loads>)
                    : with(swiglu_kernel<T, 1, NextSetUp::at_start>,
                           swiglu_kernel<T, 1, NextSetUp::behind_loads>);
}

} // namespace

cudaError_t launch(const Swiglu& p, Type type, bool is_aligned, cudaStream_t stream) {
  switch (type) {
  case Type::bf16:
    return launch_type<__nv_bfloat16>(p, is_aligned, stream);
  case Type::fp16:
    return launch_type<__half>(p, is_aligned, stream);
  case Type::fp32:
    return launch_type<float>(p, is_aligned, stream);
  }
  return cudaErrorInvalidValue;
}

} // namespace kernels::cuda
