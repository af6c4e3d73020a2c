#pragma once

#include <array>

/// The operators of kernels/operators.h as LibTorch schemas: what our library registers and what a
/// plug-in library may.
namespace kernels::library {

inline constexpr std::array kSchemas{
    "rms_norm(Tensor x, Tensor weight, float eps) -> Tensor",
    "rms_norm_scale(Tensor x, Tensor weight, Tensor scale, float eps) -> Tensor",
    "rms_norm_scale_shift(Tensor x, Tensor weight, Tensor scale, Tensor shift, float eps) -> "
    "Tensor",
    "add_gated_rms_norm(Tensor x, Tensor gate, Tensor a, Tensor weight, float eps) -> Tensor",
    "add_gated_rms_norm_then_scale(Tensor x, Tensor gate, Tensor a, Tensor weight, "
    "Tensor next_weight, Tensor next_scale, float eps) -> (Tensor, Tensor)",
    "add_rms_norm(Tensor x, Tensor a, Tensor weight, float eps) -> (Tensor, Tensor)",
    "qk_rms_norm_rope(Tensor q, Tensor k, Tensor q_weight, Tensor k_weight, Tensor? rotation, "
    "float eps) -> (Tensor, Tensor)",
    "qk_rms_norm_rope_half_split(Tensor q, Tensor k, Tensor q_weight, Tensor k_weight, "
    "Tensor? rotation, float eps) -> (Tensor, Tensor)",
    "qk_rms_norm_rope_in_place(Tensor(a!) q, Tensor(b!) k, Tensor q_weight, Tensor k_weight, "
    "Tensor? rotation, float eps) -> ()",
    "layer_norm_scale_shift(Tensor x, Tensor scale, Tensor? shift, float eps) -> Tensor",
    "add_gated(Tensor x, Tensor gate, Tensor a) -> Tensor",
    "add_gated_then_layer_norm(Tensor x, Tensor gate, Tensor a, Tensor scale, Tensor shift, "
    "float eps) -> (Tensor, Tensor)",
    "swiglu(Tensor packed) -> Tensor",
    "linear_gelu(Tensor x, Tensor weight, Tensor bias) -> Tensor",
    "linear_swiglu(Tensor x, Tensor weight) -> Tensor",
};

} // namespace kernels::library
