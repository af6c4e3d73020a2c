#pragma once

#include <kernels/cuda/type.h>

#include <cuda_runtime_api.h>

#include <cstdint>

/// One kernel for what norms are fused with: a chain on each row, held in registers, read once and
/// written once.
///
///     u = a  or  a / rms(a) * weight1
///     y = u  or  x + u  or  x + gate * u, rounded to the type
///     z = y / rms(y) * weight2 [* scale2 [+ shift2]]
///         or  (y - mean) / deviation * scale2 [+ shift2]
namespace kernels::cuda {

/// Which links a chain has.
enum class Chain {
  rms_norm,                      ///< z = y / rms(y) * weight2
  rms_norm_scale,                ///< ... * scale2
  add_gated_rms_norm,            ///< y = x + gate * a / rms(a) * weight1
  add_gated_rms_norm_then_scale, ///< ... and z = y / rms(y) * weight2 * scale2
  add_rms_norm,                  ///< y = x + a, z = y / rms(y) * weight2
  layer_norm_scale,              ///< z = (y - mean) / deviation * scale2
  layer_norm_scale_shift,        ///< ... + shift2
  add_gated,                     ///< y = x + gate * a
  add_gated_then_layer_norm,     ///< ... and z = (y - mean) / deviation * scale2 + shift2
  rms_norm_scale_shift,          ///< z = y / rms(y) * weight2 * scale2 + shift2
};

/// Rows of `width` elements. Pointers are to device memory; those that a chain does not name are
/// not used. `a` is row (i / inner, i % inner) at a + i / inner * outer_stride + i % inner *
/// inner_stride, in elements; all else is dense.
struct RowChain {
  const void* a = nullptr;
  const void* x = nullptr;
  const void* weight1 = nullptr;
  const void* gate = nullptr;
  const void* weight2 = nullptr;
  const void* scale2 = nullptr;
  const void* shift2 = nullptr;
  void* y = nullptr;
  void* z = nullptr;
  std::int64_t rows = 0;
  std::int64_t inner = 1;
  std::int64_t outer_stride = 0;
  std::int64_t inner_stride = 0;
  int width = 0;
  float eps = 0;
};

/// Whether some kernel takes rows of that width: up to 16384 elements, 8192 where the width is no
/// multiple of 16 bytes.
bool takes(Type type, int width, bool is_aligned);

/// Enqueues the chain. `is_aligned`: every pointer and stride is a multiple of 16 bytes.
cudaError_t launch(Chain chain, Type type, const RowChain& rows, bool is_aligned,
                   cudaStream_t stream);

} // namespace kernels::cuda
