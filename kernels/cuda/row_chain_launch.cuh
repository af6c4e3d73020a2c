#pragma once

#include <kernels/cuda/row_chain_kernel.cuh>

#include <type_traits>

namespace kernels::cuda {

/// For 481 to 512 vectors, and fewer where nothing better is known. Chains with one sum and one
/// vector to multiply by need few registers: six blocks of 256 threads fit on an SM.
template <Chain kChain>
using Wide = std::conditional_t<kChain == Chain::rms_norm || kChain == Chain::add_gated_rms_norm ||
                                    kChain == Chain::add_gated,
                                Layout<256, 2, 1>, Layout<128, 4, 1>>;

/// Rows up to which a launch is too small to fill the GPU, so that its length is one row's latency.
inline constexpr std::int64_t kFewRows = 264; // two on every SM of an H200

/// Rows of 16 vectors from which a thread with two of them is faster than one with one, by 0.1 to
/// 0.5 %.
inline constexpr std::int64_t kManyRows = 65'536;

/// The layout for rows of `vectors` vectors. Chosen by measuring, on H200s; for few rows on an
/// H100.
template <typename T, Chain kChain>
cudaError_t launch_wide(const RowChain& p, cudaStream_t stream) {
  constexpr int kElements = 16 / sizeof(T);
  const int vectors = p.width / kElements;
  const auto of_many = [&](auto layout) {
    return launch_layout<T, kElements, kChain, decltype(layout), NextSetUp::at_start>(p, stream);
  };
  const auto of_few = [&](auto layout) { // kFewRows at most, so that two launches fit side by side
    constexpr NextSetUp kNext =
        kChain == Chain::rms_norm ? NextSetUp::at_end : NextSetUp::behind_loads;
    return launch_layout<T, kElements, kChain, decltype(layout), kNext>(p, stream);
  };
  const auto of_any = [&](auto layout) {
    using L = decltype(layout);
    return two_fit_side_by_side(blocks_of<L>(p), L::kBlock)
               ? launch_layout<T, kElements, kChain, L, NextSetUp::behind_loads>(p, stream)
               : of_many(layout);
  };
  if (kChain == Chain::rms_norm && vectors == 16 && p.rows > kManyRows)
    return of_many(Layout<8, 2, 16>{});
  if (vectors <= 16)
    return of_any(Layout<16, 1, 16>{});
  if (vectors <= 32)
    return of_any(Layout<32, 1, 8>{});
  if (vectors <= 512 && p.rows <= kFewRows)
    return of_few(Layout<256, 2, 1>{});
  if (vectors <= 640 && p.rows <= kFewRows)
    return of_few(Layout<320, 2, 1>{});
  if (vectors <= 128)
    return of_many(Layout<32, 4, 4>{});
  if (vectors <= 384)
    return of_any(Layout<128, 3, 1>{});
  if (vectors <= 480 && kChain == Chain::add_gated_rms_norm_then_scale)
    return of_many(Layout<160, 3, 1>{});
  if (vectors <= 512)
    return of_many(Wide<kChain>{});
  if (vectors <= 768)
    return of_many(Layout<384, 2, 1>{});
  if (vectors <= 1024)
    return of_many(Layout<512, 2, 1>{});
  return of_many(Layout<512, 4, 1>{});
}

/// For rows whose length or place is no multiple of 16 bytes.
template <typename T, Chain kChain>
cudaError_t launch_odd(const RowChain& p, cudaStream_t stream) {
  if (p.width <= 1024)
    return launch_layout<T, 1, kChain, Layout<128, 8, 1>, NextSetUp::at_start>(p, stream);
  return launch_layout<T, 1, kChain, Layout<512, 16, 1>, NextSetUp::at_start>(p, stream);
}

template <typename T, Chain kChain>
cudaError_t launch_chain(const RowChain& p, bool is_aligned, cudaStream_t stream) {
  return is_aligned ? launch_wide<T, kChain>(p, stream) : launch_odd<T, kChain>(p, stream);
}

/// All chains of one type; each type is a file of its own, so that they compile side by side.
template <typename T>
cudaError_t launch_type(Chain chain, const RowChain& p, bool is_aligned, cudaStream_t stream) {
  switch (chain) {
  case Chain::rms_norm:
    return launch_chain<T, Chain::rms_norm>(p, is_aligned, stream);
  case Chain::rms_norm_scale:
    return launch_chain<T, Chain::rms_norm_scale>(p, is_aligned, stream);
  case Chain::rms_norm_scale_shift:
    return launch_chain<T, Chain::rms_norm_scale_shift>(p, is_aligned, stream);
  case Chain::add_gated_rms_norm:
    return launch_chain<T, Chain::add_gated_rms_norm>(p, is_aligned, stream);
  case Chain::add_gated_rms_norm_then_scale:
    return launch_chain<T, Chain::add_gated_rms_norm_then_scale>(p, is_aligned, stream);
  case Chain::add_rms_norm:
    return launch_chain<T, Chain::add_rms_norm>(p, is_aligned, stream);
  case Chain::layer_norm_scale:
    return launch_chain<T, Chain::layer_norm_scale>(p, is_aligned, stream);
  case Chain::layer_norm_scale_shift:
    return launch_chain<T, Chain::layer_norm_scale_shift>(p, is_aligned, stream);
  case Chain::add_gated:
    return launch_chain<T, Chain::add_gated>(p, is_aligned, stream);
  case Chain::add_gated_then_layer_norm:
    return launch_chain<T, Chain::add_gated_then_layer_norm>(p, is_aligned, stream);
  }
  return cudaErrorInvalidValue;
}

cudaError_t launch_bf16(Chain chain, const RowChain& p, bool is_aligned, cudaStream_t stream);
cudaError_t launch_fp16(Chain chain, const RowChain& p, bool is_aligned, cudaStream_t stream);
cudaError_t launch_fp32(Chain chain, const RowChain& p, bool is_aligned, cudaStream_t stream);

} // namespace kernels::cuda
