#pragma once

#include <kernels/operators.h>

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <memory>

/// The policy by which sglang's pull request 20962 chooses an RMSNorm (multimodal_gen,
/// runtime/layers/layernorm.py), with this project's kernels in the places of sglang's.
namespace kernels::dispatched {

enum class Route { native, one_pass, wide };

/// In this order, with the pull request's reasons, which are about sglang's kernels:
/// - fp32 without a residual: native, the chain of plain operators, since sglang's wide kernels
///   take fp16 and bf16 only, and fp32 norms are few and small (caption, timestep). With a residual
///   fp32 goes to the wide kernel, which adds as it reads.
/// - a residual: wide, the kernel that adds it; the one-pass kernel cannot.
/// - width <= 128 (heads): one-pass. sglang's wide kernel gives each row a block of threads, which
///   a row of 256 bytes leaves idle; the one-pass kernel gives a block a tile of rows. This line
///   was the 26 % of the pull request.
/// - all else: wide.
/// Of this project's kernels neither reason holds: the wide one, `fused`, takes fp32, and gives a
/// row of 128 elements 8 or 16 threads of a block. Both lines make it slower here
/// (kernels/README.md, The rule of pull request 20962).
/// The pull request also asks whether the caller overrides the variance; no operator here takes
/// one.
Route route(c10::ScalarType dtype, std::int64_t width, bool has_residual);

/// `native`, `one_pass` and `wide` do what route() says; wide's add_rms_norm is the residual's.
std::shared_ptr<const Operators> make_operators(std::shared_ptr<const Operators> native,
                                                std::shared_ptr<const Operators> one_pass,
                                                std::shared_ptr<const Operators> wide);

} // namespace kernels::dispatched
