#include <kernels/library/schemas.h>
#include <kernels/paths.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// libbench_kernels.so: every path as a LibTorch namespace, torch.ops.bench_<path>. On the CPU a
/// path for GPUs is the composition of at::rms_norm and plain operators. Inference only: no
/// operator has a derivative.
namespace kernels::library {
namespace {

using at::Tensor;
using Two = std::tuple<Tensor, Tensor>;
using Optional = std::optional<Tensor>;

/// An argument by the name that its schema gives it.
struct Argument {
  const char* name;
  const Tensor& value;
};
using Arguments = std::initializer_list<Argument>;

/// What operators.h asks of the arguments of the operator `name`, whose first is `x`: the same of
/// tensors with elements and of those that torch.compile traces with, so sizes may be symbols.
class Check {
 public:
  Check(const char* name, const Argument& x) : name_(name), x_(x) {
    TORCH_CHECK(x_.value.dim() >= 1, name_, ": ", x_.name, " has no dimension");
    const at::ScalarType type = x_.value.scalar_type();
    TORCH_CHECK(type == at::kBFloat16 || type == at::kHalf || type == at::kFloat, name_, ": ",
                x_.name, " must be BFloat16, Half or Float, is ", type);
  }

  /// [width] each.
  const Check& weights(Arguments all) const { return vectors(all, width(), false); }
  /// [width] or [1, width] each, where x has rows.
  const Check& modulations(Arguments all) const {
    return vectors(all, width(), x_.value.dim() >= 2);
  }
  const Check& bias(const Argument& bias, const c10::SymInt& outputs) const {
    return vectors({bias}, outputs, false);
  }

  /// Of x's sizes.
  const Check& residual(const Argument& a) const {
    same_kind(a);
    const auto is = a.value.sym_sizes(), sizes = x_.value.sym_sizes();
    const auto must = [&](const c10::SymBool& holds) {
      TORCH_SYM_CHECK(holds, name_, ": ", a.name, " must be ", sizes, " like ", x_.name, ", is ",
                      is);
    };
    must(is.size() == sizes.size());
    for (std::size_t d = 0; d < is.size(); ++d)
      must(is[d].sym_eq(sizes[d]));
    return *this;
  }

  /// As many elements as two halves have.
  const Check& halves() const {
    TORCH_SYM_CHECK((width() % 2).sym_eq(0), name_, ": ", x_.name,
                    " must have an even last dimension, is ", x_.value.sym_sizes());
    return *this;
  }

  /// [outputs, inputs] of an x [rows, inputs].
  const Check& product(const Argument& weight, bool has_halves = false) const {
    same_kind(weight);
    TORCH_CHECK(x_.value.dim() == 2, name_, ": ", x_.name, " must be [rows, inputs], is ",
                x_.value.sym_sizes());
    const auto is = weight.value.sym_sizes();
    const auto must = [&](const c10::SymBool& holds) {
      TORCH_SYM_CHECK(holds, name_, ": ", weight.name, " must be [outputs, ", width(), "], is ",
                      is);
    };
    must(is.size() == 2);
    must(is[1].sym_eq(width()));
    if (has_halves) {
      TORCH_SYM_CHECK((is[0] % 2).sym_eq(0), name_, ": ", weight.name,
                      " must have an even number of rows, is ", is);
    }
    return *this;
  }

  /// [tokens, heads, width] of a q that has as many tokens and the same width; neither need have as
  /// many heads. `rotation`, if there is one, is of pairs.
  const Check& heads(const Argument& k, const Optional& rotation) const {
    same_kind(k);
    const auto q = x_.value.sym_sizes(), is = k.value.sym_sizes();
    TORCH_CHECK(q.size() == 3, name_, ": ", x_.name, " must be [tokens, heads, width], is ", q);
    const auto must = [&](const c10::SymBool& holds) {
      TORCH_SYM_CHECK(holds, name_, ": ", k.name, " must be [", q[0], ", heads, ", q[2], "], is ",
                      is);
    };
    must(is.size() == 3);
    must(is[0].sym_eq(q[0]));
    must(is[2].sym_eq(q[2]));
    if (rotation) {
      halves();
      turns(*rotation, q[0], q[2] / 2);
    }
    return *this;
  }

 private:
  c10::SymInt width() const { return x_.value.sym_size(-1); }

  void same_kind(const Argument& other) const {
    const Tensor &x = x_.value, &t = other.value;
    TORCH_CHECK(t.scalar_type() == x.scalar_type() && t.device() == x.device(), name_,
                ": all tensors must have the type and device of ", x_.name, ", ", x.scalar_type(),
                " on ", x.device(), "; ", other.name, " is ", t.scalar_type(), " on ", t.device());
  }

  const Check& vectors(Arguments all, const c10::SymInt& width, bool or_of_one_row) const {
    for (const Argument& v : all) {
      same_kind(v);
      const auto is = v.value.sym_sizes();
      const auto must = [&](const c10::SymBool& holds) {
        if (or_of_one_row) {
          TORCH_SYM_CHECK(holds, name_, ": ", v.name, " must be [", width, "] or [1, ", width,
                          "], is ", is);
        } else {
          TORCH_SYM_CHECK(holds, name_, ": ", v.name, " must be [", width, "], is ", is);
        }
      };
      must(is.size() == 1 || (or_of_one_row && is.size() == 2));
      must(is.back().sym_eq(width));
      if (is.size() == 2)
        must(is[0].sym_eq(1));
    }
    return *this;
  }

  /// Kernels read pairs of floats from it.
  void turns(const Tensor& rotation, const c10::SymInt& tokens, const c10::SymInt& pairs) const {
    const auto is = rotation.sym_sizes();
    const auto must = [&](const c10::SymBool& holds) {
      TORCH_SYM_CHECK(holds, name_, ": rotation must be ComplexFloat [", tokens, ", ", pairs,
                      "] on ", x_.value.device(), ", is ", rotation.scalar_type(), " ", is, " on ",
                      rotation.device());
    };
    must(rotation.scalar_type() == at::kComplexFloat && rotation.device() == x_.value.device() &&
         is.size() == 2);
    must(is[0].sym_eq(tokens));
    must(is[1].sym_eq(pairs));
  }

  const char* name_;
  Argument x_;
};

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
    Check("rms_norm", {"x", x}).weights({{"weight", weight}});
    return dense(path->rms_norm(x, weight, eps));
  });
  implement(
      "rms_norm_scale",
      [path](const Tensor& x, const Tensor& weight, const Tensor& scale, double eps) -> Tensor {
        Check("rms_norm_scale", {"x", x})
            .weights({{"weight", weight}})
            .modulations({{"scale", scale}});
        return dense(path->rms_norm_scale(x, weight, scale, eps));
      });
  implement("rms_norm_scale_shift",
            [path](const Tensor& x, const Tensor& weight, const Tensor& scale, const Tensor& shift,
                   double eps) -> Tensor {
              Check("rms_norm_scale_shift", {"x", x})
                  .weights({{"weight", weight}})
                  .modulations({{"scale", scale}, {"shift", shift}});
              return dense(path->rms_norm_scale_shift(x, weight, scale, shift, eps));
            });
  implement("add_gated_rms_norm",
            [path](const Tensor& x, const Tensor& gate, const Tensor& a, const Tensor& weight,
                   double eps) -> Tensor {
              Check("add_gated_rms_norm", {"x", x})
                  .residual({"a", a})
                  .weights({{"weight", weight}})
                  .modulations({{"gate", gate}});
              return dense(path->add_gated_rms_norm(x, gate, a, weight, eps));
            });
  implement("add_gated_rms_norm_then_scale",
            [path](const Tensor& x, const Tensor& gate, const Tensor& a, const Tensor& weight,
                   const Tensor& next_weight, const Tensor& next_scale, double eps) -> Two {
              Check("add_gated_rms_norm_then_scale", {"x", x})
                  .residual({"a", a})
                  .weights({{"weight", weight}, {"next_weight", next_weight}})
                  .modulations({{"gate", gate}, {"next_scale", next_scale}});
              return dense(path->add_gated_rms_norm_then_scale(x, gate, a, weight, next_weight,
                                                               next_scale, eps));
            });
  implement("add_rms_norm",
            [path](const Tensor& x, const Tensor& a, const Tensor& weight, double eps) -> Two {
              Check("add_rms_norm", {"x", x}).residual({"a", a}).weights({{"weight", weight}});
              return dense(path->add_rms_norm(x, a, weight, eps));
            });
  for (const auto& [name, method] :
       {std::pair{"qk_rms_norm_rope", &Operators::qk_rms_norm_rope},
        std::pair{"qk_rms_norm_rope_half_split", &Operators::qk_rms_norm_rope_half_split}})
    implement(name,
              [path, name = name, method = method](const Tensor& q, const Tensor& k,
                                                   const Tensor& q_weight, const Tensor& k_weight,
                                                   const Optional& rotation, double eps) -> Two {
                Check(name, {"q", q})
                    .heads({"k", k}, rotation)
                    .weights({{"q_weight", q_weight}, {"k_weight", k_weight}});
                return dense(
                    (*path.*method)(q, k, q_weight, k_weight, rotation.value_or(Tensor()), eps));
              });
  implement("qk_rms_norm_rope_in_place",
            [path](const Tensor& q, const Tensor& k, const Tensor& q_weight, const Tensor& k_weight,
                   const Optional& rotation, double eps) -> void {
              Check("qk_rms_norm_rope_in_place", {"q", q})
                  .heads({"k", k}, rotation)
                  .weights({{"q_weight", q_weight}, {"k_weight", k_weight}});
              path->qk_rms_norm_rope_in_place(q, k, q_weight, k_weight, rotation.value_or(Tensor()),
                                              eps);
            });
  implement(
      "layer_norm_scale_shift",
      [path](const Tensor& x, const Tensor& scale, const Optional& shift, double eps) -> Tensor {
        const Check check("layer_norm_scale_shift", {"x", x});
        check.modulations({{"scale", scale}});
        if (shift)
          check.modulations({{"shift", *shift}});
        return dense(path->layer_norm_scale_shift(x, scale, shift.value_or(Tensor()), eps));
      });
  implement("add_gated", [path](const Tensor& x, const Tensor& gate, const Tensor& a) -> Tensor {
    Check("add_gated", {"x", x}).residual({"a", a}).modulations({{"gate", gate}});
    return dense(path->add_gated(x, gate, a));
  });
  implement("add_gated_then_layer_norm",
            [path](const Tensor& x, const Tensor& gate, const Tensor& a, const Tensor& scale,
                   const Tensor& shift, double eps) -> Two {
              Check("add_gated_then_layer_norm", {"x", x})
                  .residual({"a", a})
                  .modulations({{"gate", gate}, {"scale", scale}, {"shift", shift}});
              return dense(path->add_gated_then_layer_norm(x, gate, a, scale, shift, eps));
            });
  implement("swiglu", [path](const Tensor& packed) -> Tensor {
    Check("swiglu", {"packed", packed}).halves();
    return dense(path->swiglu(packed));
  });
  implement("linear_gelu",
            [path](const Tensor& x, const Tensor& weight, const Tensor& bias) -> Tensor {
              Check("linear_gelu", {"x", x})
                  .product({"weight", weight})
                  .bias({"bias", bias}, weight.sym_size(0));
              return dense(path->linear_gelu(x, weight, bias));
            });
  implement("linear_swiglu", [path](const Tensor& x, const Tensor& weight) -> Tensor {
    Check("linear_swiglu", {"x", x}).product({"weight", weight}, /*has_halves=*/true);
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
class MetaOperators final : public Operators {
 public:
  using Pair = std::pair<Tensor, Tensor>;

  Tensor rms_norm(const Tensor& x, const Tensor&, double) const override { return like(x); }
  Tensor rms_norm_scale(const Tensor& x, const Tensor&, const Tensor&, double) const override {
    return like(x);
  }
  Tensor rms_norm_scale_shift(const Tensor& x, const Tensor&, const Tensor&, const Tensor&,
                              double) const override {
    return like(x);
  }
  Tensor add_gated_rms_norm(const Tensor& x, const Tensor&, const Tensor&, const Tensor&,
                            double) const override {
    return like(x);
  }
  Pair add_gated_rms_norm_then_scale(const Tensor& x, const Tensor&, const Tensor&, const Tensor&,
                                     const Tensor&, const Tensor&, double) const override {
    return {like(x), like(x)};
  }
  Pair add_rms_norm(const Tensor& x, const Tensor&, const Tensor&, double) const override {
    return {like(x), like(x)};
  }
  Pair qk_rms_norm_rope(const Tensor& q, const Tensor& k, const Tensor&, const Tensor&,
                        const Tensor&, double) const override {
    return {like(q), like(k)};
  }
  Pair qk_rms_norm_rope_half_split(const Tensor& q, const Tensor& k, const Tensor&, const Tensor&,
                                   const Tensor&, double) const override {
    return {like(q), like(k)};
  }
  void qk_rms_norm_rope_in_place(const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                 const Tensor&, double) const override {}
  Tensor layer_norm_scale_shift(const Tensor& x, const Tensor&, const Tensor&,
                                double) const override {
    return like(x);
  }
  Tensor add_gated(const Tensor& x, const Tensor&, const Tensor&) const override { return like(x); }
  Pair add_gated_then_layer_norm(const Tensor& x, const Tensor&, const Tensor&, const Tensor&,
                                 const Tensor&, double) const override {
    return {like(x), like(x)};
  }
  Tensor swiglu(const Tensor& packed) const override {
    return like(packed, packed.sym_size(-1) / 2);
  }
  Tensor linear_gelu(const Tensor& x, const Tensor& weight, const Tensor&) const override {
    return like(x, weight.sym_size(0));
  }
  Tensor linear_swiglu(const Tensor& x, const Tensor& weight) const override {
    return like(x, weight.sym_size(0) / 2);
  }
};

std::vector<torch::Library> register_paths() {
  const auto meta = std::make_shared<MetaOperators>();
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
    implement(library, c10::DispatchKey::Meta, meta);
  }
  return libraries;
}

/// What TORCH_LIBRARY declares, for names that are known only when the library is loaded.
const std::vector<torch::Library> kLibraries = register_paths();

} // namespace
} // namespace kernels::library
