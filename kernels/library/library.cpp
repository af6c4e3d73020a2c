#include <kernels/library/schemas.h>
#include <kernels/paths.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

/// libbench_kernels.so: every path as a LibTorch namespace, torch.ops.bench_<path>. On the CPU a
/// path for GPUs is the composition of at::rms_norm and plain operators. Inference only: no
/// operator has a derivative.
namespace kernels::library {
namespace {

using at::Tensor;
using Two = std::tuple<Tensor, Tensor>;
using Optional = std::optional<Tensor>;

void check(const char* name, const Tensor& x, std::initializer_list<const Tensor*> others) {
  TORCH_CHECK(x.dim() >= 1, name, ": x has no dimension");
  for (const Tensor* other : others)
    TORCH_CHECK(other->scalar_type() == x.scalar_type() && other->device() == x.device(), name,
                ": all tensors must have the type and device of x, ", x.scalar_type(), " on ",
                x.device(), "; one is ", other->scalar_type(), " on ", other->device());
}

/// Kernels read pairs of floats from it.
void check_rotation(const char* name, const Tensor& q, const Optional& rotation) {
  if (!rotation)
    return;
  TORCH_CHECK(q.dim() == 3, name, ": q must be [tokens, heads, width], is ", q.sizes());
  const std::array<std::int64_t, 2> sizes{q.size(0), q.size(2) / 2};
  TORCH_CHECK(rotation->scalar_type() == at::kComplexFloat && rotation->device() == q.device() &&
                  rotation->sizes() == at::IntArrayRef(sizes),
              name, ": rotation must be ComplexFloat ", at::IntArrayRef(sizes), " on ", q.device(),
              ", is ", rotation->scalar_type(), " ", rotation->sizes(), " on ", rotation->device());
}

/// A new dense tensor, as the Meta kernels promise: some compositions keep the strides of x.
Tensor dense(Tensor y) {
  return y.contiguous();
}

Two dense(std::pair<Tensor, Tensor> both) {
  return {both.first.contiguous(), both.second.contiguous()};
}

void implement(torch::Library& library, c10::DispatchKey key,
               const std::shared_ptr<const Operators>& path) {
  const auto implement = [&](const char* name, auto run) {
    library.impl(name, torch::dispatch(key, std::move(run)));
  };
  implement("rms_norm", [path](const Tensor& x, const Tensor& weight, double eps) -> Tensor {
    check("rms_norm", x, {&weight});
    return dense(path->rms_norm(x, weight, eps));
  });
  implement(
      "rms_norm_scale",
      [path](const Tensor& x, const Tensor& weight, const Tensor& scale, double eps) -> Tensor {
        check("rms_norm_scale", x, {&weight, &scale});
        return dense(path->rms_norm_scale(x, weight, scale, eps));
      });
  implement("rms_norm_scale_shift",
            [path](const Tensor& x, const Tensor& weight, const Tensor& scale, const Tensor& shift,
                   double eps) -> Tensor {
              check("rms_norm_scale_shift", x, {&weight, &scale, &shift});
              return dense(path->rms_norm_scale_shift(x, weight, scale, shift, eps));
            });
  implement("add_gated_rms_norm",
            [path](const Tensor& x, const Tensor& gate, const Tensor& a, const Tensor& weight,
                   double eps) -> Tensor {
              check("add_gated_rms_norm", x, {&gate, &a, &weight});
              return dense(path->add_gated_rms_norm(x, gate, a, weight, eps));
            });
  implement("add_gated_rms_norm_then_scale",
            [path](const Tensor& x, const Tensor& gate, const Tensor& a, const Tensor& weight,
                   const Tensor& next_weight, const Tensor& next_scale, double eps) -> Two {
              check("add_gated_rms_norm_then_scale", x,
                    {&gate, &a, &weight, &next_weight, &next_scale});
              return dense(path->add_gated_rms_norm_then_scale(x, gate, a, weight, next_weight,
                                                               next_scale, eps));
            });
  implement("add_rms_norm",
            [path](const Tensor& x, const Tensor& a, const Tensor& weight, double eps) -> Two {
              check("add_rms_norm", x, {&a, &weight});
              return dense(path->add_rms_norm(x, a, weight, eps));
            });
  for (const auto& [name, method] :
       {std::pair{"qk_rms_norm_rope", &Operators::qk_rms_norm_rope},
        std::pair{"qk_rms_norm_rope_half_split", &Operators::qk_rms_norm_rope_half_split}})
    implement(name,
              [path, name = name, method = method](const Tensor& q, const Tensor& k,
                                                   const Tensor& q_weight, const Tensor& k_weight,
                                                   const Optional& rotation, double eps) -> Two {
                check(name, q, {&k, &q_weight, &k_weight});
                check_rotation(name, q, rotation);
                return dense(
                    (*path.*method)(q, k, q_weight, k_weight, rotation.value_or(Tensor()), eps));
              });
  implement("qk_rms_norm_rope_in_place",
            [path](const Tensor& q, const Tensor& k, const Tensor& q_weight, const Tensor& k_weight,
                   const Optional& rotation, double eps) -> void {
              check("qk_rms_norm_rope_in_place", q, {&k, &q_weight, &k_weight});
              check_rotation("qk_rms_norm_rope_in_place", q, rotation);
              path->qk_rms_norm_rope_in_place(q, k, q_weight, k_weight, rotation.value_or(Tensor()),
                                              eps);
            });
  implement(
      "layer_norm_scale_shift",
      [path](const Tensor& x, const Tensor& scale, const Optional& shift, double eps) -> Tensor {
        check("layer_norm_scale_shift", x, {&scale, shift ? &*shift : &scale});
        return dense(path->layer_norm_scale_shift(x, scale, shift.value_or(Tensor()), eps));
      });
  implement("add_gated", [path](const Tensor& x, const Tensor& gate, const Tensor& a) -> Tensor {
    check("add_gated", x, {&gate, &a});
    return dense(path->add_gated(x, gate, a));
  });
  implement("add_gated_then_layer_norm",
            [path](const Tensor& x, const Tensor& gate, const Tensor& a, const Tensor& scale,
                   const Tensor& shift, double eps) -> Two {
              check("add_gated_then_layer_norm", x, {&gate, &a, &scale, &shift});
              return dense(path->add_gated_then_layer_norm(x, gate, a, scale, shift, eps));
            });
  implement("swiglu", [path](const Tensor& packed) -> Tensor {
    check("swiglu", packed, {});
    return dense(path->swiglu(packed));
  });
  implement("linear_gelu",
            [path](const Tensor& x, const Tensor& weight, const Tensor& bias) -> Tensor {
              check("linear_gelu", x, {&weight, &bias});
              return dense(path->linear_gelu(x, weight, bias));
            });
  implement("linear_swiglu", [path](const Tensor& x, const Tensor& weight) -> Tensor {
    check("linear_swiglu", x, {&weight});
    return dense(path->linear_swiglu(x, weight));
  });
}

Tensor like(const Tensor& x) {
  return at::empty_symint(x.sym_sizes(), x.options());
}

Tensor like(const Tensor& x, c10::SymInt width) {
  std::vector<c10::SymInt> sizes = x.sym_sizes().vec();
  sizes.back() = std::move(width);
  return at::empty_symint(sizes, x.options());
}

/// What torch.compile traces with: sizes, type and strides of the outputs, for sizes that it knows
/// only as symbols too.
void implement_meta(torch::Library& library) {
  const auto implement = [&](const char* name, auto run) {
    library.impl(name, torch::dispatch(c10::DispatchKey::Meta, std::move(run)));
  };
  implement("rms_norm", [](const Tensor& x, const Tensor&, double) -> Tensor { return like(x); });
  implement("rms_norm_scale", [](const Tensor& x, const Tensor&, const Tensor&, double) -> Tensor {
    return like(x);
  });
  implement("rms_norm_scale_shift",
            [](const Tensor& x, const Tensor&, const Tensor&, const Tensor&, double) -> Tensor {
              return like(x);
            });
  implement("add_gated_rms_norm",
            [](const Tensor& x, const Tensor&, const Tensor&, const Tensor&, double) -> Tensor {
              return like(x);
            });
  implement("add_gated_rms_norm_then_scale",
            [](const Tensor& x, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
               const Tensor&, double) -> Two { return {like(x), like(x)}; });
  implement("add_rms_norm", [](const Tensor& x, const Tensor&, const Tensor&, double) -> Two {
    return {like(x), like(x)};
  });
  for (const char* name : {"qk_rms_norm_rope", "qk_rms_norm_rope_half_split"})
    implement(name,
              [](const Tensor& q, const Tensor& k, const Tensor&, const Tensor&, const Optional&,
                 double) -> Two { return {like(q), like(k)}; });
  implement("qk_rms_norm_rope_in_place",
            [](const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Optional&,
               double) -> void {});
  implement(
      "layer_norm_scale_shift",
      [](const Tensor& x, const Tensor&, const Optional&, double) -> Tensor { return like(x); });
  implement("add_gated",
            [](const Tensor& x, const Tensor&, const Tensor&) -> Tensor { return like(x); });
  implement("add_gated_then_layer_norm",
            [](const Tensor& x, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
               double) -> Two { return {like(x), like(x)}; });
  implement("swiglu",
            [](const Tensor& packed) -> Tensor { return like(packed, packed.sym_size(-1) / 2); });
  implement("linear_gelu", [](const Tensor& x, const Tensor& weight, const Tensor&) -> Tensor {
    return like(x, weight.sym_size(0));
  });
  implement("linear_swiglu", [](const Tensor& x, const Tensor& weight) -> Tensor {
    return like(x, weight.sym_size(0) / 2);
  });
}

std::vector<torch::Library> register_paths() {
  std::vector<torch::Library> libraries;
  for (const Path& path : paths()) {
    if (path.is_floor)
      continue;
    torch::Library& library = libraries.emplace_back(torch::Library::DEF, "bench_" + path.name,
                                                     std::nullopt, __FILE__, __LINE__);
    for (const char* schema : kSchemas)
      library.def(schema);
    implement(library, c10::DispatchKey::CPU, path.operators);
#ifdef BENCH_CUDA
    implement(library, c10::DispatchKey::CUDA, path.operators);
#endif
    implement_meta(library);
  }
  return libraries;
}

/// What TORCH_LIBRARY declares, for names that are known only when the library is loaded.
const std::vector<torch::Library> kLibraries = register_paths();

} // namespace
} // namespace kernels::library
