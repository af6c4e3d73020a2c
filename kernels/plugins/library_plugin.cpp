#include <bench/base/error.h>
#include <kernels/library/schemas.h>
#include <kernels/plugins/library_plugin.h>

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/frontend/function_schema_parser.h>

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace kernels::plugins {
namespace {

using at::Tensor;
using Handles = std::map<std::string, c10::OperatorHandle, std::less<>>;

/// Calls boxed, as the schema says: the C++ signature behind it is the library's own affair.
class LibraryOperators final : public Operators {
 public:
  explicit LibraryOperators(Handles handles) : handles_(std::move(handles)) {}

  Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) const override {
    return one(find("rms_norm"), {x, weight, eps});
  }
  Tensor rms_norm_scale(const Tensor& x, const Tensor& weight, const Tensor& scale,
                        double eps) const override {
    if (const auto* op = find("rms_norm_scale"))
      return one(op, {x, weight, scale, eps});
    return Operators::rms_norm_scale(x, weight, scale, eps);
  }
  Tensor rms_norm_scale_shift(const Tensor& x, const Tensor& weight, const Tensor& scale,
                              const Tensor& shift, double eps) const override {
    if (const auto* op = find("rms_norm_scale_shift"))
      return one(op, {x, weight, scale, shift, eps});
    return Operators::rms_norm_scale_shift(x, weight, scale, shift, eps);
  }
  Tensor add_gated_rms_norm(const Tensor& x, const Tensor& gate, const Tensor& a,
                            const Tensor& weight, double eps) const override {
    if (const auto* op = find("add_gated_rms_norm"))
      return one(op, {x, gate, a, weight, eps});
    return Operators::add_gated_rms_norm(x, gate, a, weight, eps);
  }
  std::pair<Tensor, Tensor> add_gated_rms_norm_then_scale(const Tensor& x, const Tensor& gate,
                                                          const Tensor& a, const Tensor& weight,
                                                          const Tensor& next_weight,
                                                          const Tensor& next_scale,
                                                          double eps) const override {
    if (const auto* op = find("add_gated_rms_norm_then_scale"))
      return two(op, {x, gate, a, weight, next_weight, next_scale, eps});
    return Operators::add_gated_rms_norm_then_scale(x, gate, a, weight, next_weight, next_scale,
                                                    eps);
  }
  std::pair<Tensor, Tensor> add_rms_norm(const Tensor& x, const Tensor& a, const Tensor& weight,
                                         double eps) const override {
    if (const auto* op = find("add_rms_norm"))
      return two(op, {x, a, weight, eps});
    return Operators::add_rms_norm(x, a, weight, eps);
  }
  std::pair<Tensor, Tensor> qk_rms_norm_rope(const Tensor& q, const Tensor& k,
                                             const Tensor& q_weight, const Tensor& k_weight,
                                             const Tensor& rotation, double eps) const override {
    if (const auto* op = find("qk_rms_norm_rope"))
      return two(op, {q, k, q_weight, k_weight, optional(rotation), eps});
    return Operators::qk_rms_norm_rope(q, k, q_weight, k_weight, rotation, eps);
  }
  std::pair<Tensor, Tensor> qk_rms_norm_rope_half_split(const Tensor& q, const Tensor& k,
                                                        const Tensor& q_weight,
                                                        const Tensor& k_weight,
                                                        const Tensor& rotation,
                                                        double eps) const override {
    if (const auto* op = find("qk_rms_norm_rope_half_split"))
      return two(op, {q, k, q_weight, k_weight, optional(rotation), eps});
    return Operators::qk_rms_norm_rope_half_split(q, k, q_weight, k_weight, rotation, eps);
  }
  void qk_rms_norm_rope_in_place(const Tensor& q, const Tensor& k, const Tensor& q_weight,
                                 const Tensor& k_weight, const Tensor& rotation,
                                 double eps) const override {
    if (const auto* op = find("qk_rms_norm_rope_in_place"))
      return none(op, {q, k, q_weight, k_weight, optional(rotation), eps});
    return Operators::qk_rms_norm_rope_in_place(q, k, q_weight, k_weight, rotation, eps);
  }
  Tensor layer_norm_scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift,
                                double eps) const override {
    if (const auto* op = find("layer_norm_scale_shift"))
      return one(op, {x, scale, optional(shift), eps});
    return Operators::layer_norm_scale_shift(x, scale, shift, eps);
  }
  Tensor add_gated(const Tensor& x, const Tensor& gate, const Tensor& a) const override {
    if (const auto* op = find("add_gated"))
      return one(op, {x, gate, a});
    return Operators::add_gated(x, gate, a);
  }
  std::pair<Tensor, Tensor> add_gated_then_layer_norm(const Tensor& x, const Tensor& gate,
                                                      const Tensor& a, const Tensor& scale,
                                                      const Tensor& shift,
                                                      double eps) const override {
    if (const auto* op = find("add_gated_then_layer_norm"))
      return two(op, {x, gate, a, scale, shift, eps});
    return Operators::add_gated_then_layer_norm(x, gate, a, scale, shift, eps);
  }
  Tensor swiglu(const Tensor& packed) const override {
    if (const auto* op = find("swiglu"))
      return one(op, {packed});
    return Operators::swiglu(packed);
  }
  Tensor linear_gelu(const Tensor& x, const Tensor& weight, const Tensor& bias) const override {
    if (const auto* op = find("linear_gelu"))
      return one(op, {x, weight, bias});
    return Operators::linear_gelu(x, weight, bias);
  }
  Tensor linear_swiglu(const Tensor& x, const Tensor& weight) const override {
    if (const auto* op = find("linear_swiglu"))
      return one(op, {x, weight});
    return Operators::linear_swiglu(x, weight);
  }

 private:
  const c10::OperatorHandle* find(std::string_view name) const {
    const auto found = handles_.find(name);
    return found == handles_.end() ? nullptr : &found->second;
  }
  static c10::IValue optional(const Tensor& tensor) {
    return tensor.defined() ? c10::IValue(tensor) : c10::IValue();
  }
  static void none(const c10::OperatorHandle* op, torch::jit::Stack stack) { op->callBoxed(stack); }
  static Tensor one(const c10::OperatorHandle* op, torch::jit::Stack stack) {
    op->callBoxed(stack);
    return std::move(stack.at(0)).toTensor();
  }
  static std::pair<Tensor, Tensor> two(const c10::OperatorHandle* op, torch::jit::Stack stack) {
    op->callBoxed(stack);
    return {std::move(stack.at(0)).toTensor(), std::move(stack.at(1)).toTensor()};
  }

  Handles handles_;
};

bool same_types(const c10::FunctionSchema& a, const c10::FunctionSchema& b) {
  const auto same = [](const c10::Argument& x, const c10::Argument& y) {
    return *x.type() == *y.type();
  };
  return std::ranges::equal(a.arguments(), b.arguments(), same) &&
         std::ranges::equal(a.returns(), b.returns(), same);
}

/// What dlopen or the registrations inside it say, in one line.
std::string fault_of_opening(const std::filesystem::path& file) {
  const auto first_line = [](std::string text) { return text.substr(0, text.find('\n')); };
  // glibc declares it noexcept, though what a library throws while it is loaded passes through it.
  void* (*volatile open)(const char*, int) = dlopen;
  try {
    if (open(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL))
      return {};
    const char* error = dlerror();
    return first_line(error ? error : "no reason given");
  } catch (const c10::Error& e) {
    return first_line(e.what_without_backtrace());
  } catch (const std::exception& e) {
    return first_line(e.what());
  }
}

} // namespace

std::vector<Path> load_library(const std::filesystem::path& file) {
  auto& dispatcher = c10::Dispatcher::singleton();
  const auto names = [&] {
    const auto all = dispatcher.getAllOpNames();
    return std::set<std::string>([&] {
      std::set<std::string> own;
      for (const c10::OperatorName& op : all)
        own.insert(op.name);
      return own;
    }());
  };
  const std::set<std::string> before = names();
  if (const std::string fault = fault_of_opening(file); !fault.empty())
    throw bench::UsageError(fmt::format("--plugin {}: cannot be loaded: {}", file.string(), fault));
  std::set<std::string> spaces;
  for (const std::string& name : names())
    if (const auto colons = name.find("::"); !before.contains(name) && colons != std::string::npos)
      if (name.substr(colons + 2) == "rms_norm")
        spaces.insert(name.substr(0, colons));
  if (spaces.empty())
    throw bench::UsageError(fmt::format(
        "--plugin {}: registers no operator {} that was not there before; kernels/README.md shows "
        "one that does",
        file.string(), library::kSchemas[0]));

  std::vector<Path> paths;
  for (const std::string& space : spaces) {
    Handles handles;
    Plugin plugin;
    for (const char* text : library::kSchemas) {
      const c10::FunctionSchema schema = torch::jit::parseSchema(text);
      const auto op = dispatcher.findSchema({space + "::" + schema.name(), ""});
      if (!op)
        continue;
      if (!same_types(op->schema(), schema))
        throw bench::UsageError(fmt::format("--plugin {}: its {} must be {}::{}", file.string(),
                                            c10::toString(op->schema()), space, text));
      handles.emplace(schema.name(), *op);
      plugin.own.push_back(schema.name());
    }
    Path path;
    path.name = space;
    for (const auto& [key, device] : {std::pair{c10::DispatchKey::CPU, c10::DeviceType::CPU},
                                      {c10::DispatchKey::CUDA, c10::DeviceType::CUDA}})
      if (handles.at("rms_norm").hasComputedKernelForDispatchKey(key))
        path.devices.push_back(device);
    if (path.devices.empty())
      throw bench::UsageError(fmt::format(
          "--plugin {}: {}::rms_norm has no kernel for CPU or CUDA; TORCH_LIBRARY_IMPL gives one",
          file.string(), space));
    path.operators = std::make_shared<LibraryOperators>(std::move(handles));
    path.plugin = std::move(plugin);
    paths.push_back(std::move(path));
  }
  return paths;
}

} // namespace kernels::plugins
