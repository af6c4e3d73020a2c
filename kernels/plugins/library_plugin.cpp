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
#include <optional>
#include <set>
#include <string_view>
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

std::string_view name_of(std::string_view schema) {
  return schema.substr(0, schema.find('('));
}

/// What an operator of a library is.
struct Variant {
  std::string_view schema; ///< of kernels/library/schemas.h
  std::string suffix;      ///< "" or "_v2"
};

/// The longest name wins: rms_norm_scale is no variant of rms_norm.
std::optional<Variant> variant_of(std::string_view name) {
  std::optional<Variant> longest;
  for (const std::string_view schema : library::kSchemas) {
    const std::string_view known = name_of(schema);
    if (!name.starts_with(known) || (longest && known.size() < name_of(longest->schema).size()))
      continue;
    const std::string_view suffix = name.substr(known.size());
    if (suffix.empty() || suffix.front() == '_')
      longest = Variant{.schema = schema, .suffix = std::string(suffix)};
  }
  return longest;
}

/// Of all operators there are; an overload is none of a plug-in's.
std::set<std::string> registered_names() {
  std::set<std::string> names;
  for (const c10::OperatorName& op : c10::Dispatcher::singleton().getAllOpNames())
    if (op.overload_name.empty())
      names.insert(op.name);
  return names;
}

/// The operators that were not there `before`, of each namespace and suffix, by their names without
/// it.
std::map<std::pair<std::string, std::string>, Handles>
operators_since(const std::set<std::string>& before) {
  std::map<std::pair<std::string, std::string>, Handles> operators;
  for (const std::string& name : registered_names()) {
    const auto colons = name.find("::");
    if (before.contains(name) || colons == std::string::npos)
      continue;
    const auto variant = variant_of(std::string_view(name).substr(colons + 2));
    const auto handle = c10::Dispatcher::singleton().findSchema({name, ""});
    if (variant && handle)
      operators[{name.substr(0, colons), variant->suffix}].emplace(name_of(variant->schema),
                                                                   *handle);
  }
  return operators;
}

/// Says what is wrong with the types of `op`, or nothing.
std::string fault_of_types(const c10::OperatorHandle& op, std::string_view schema) {
  if (same_types(op.schema(), torch::jit::parseSchema(std::string(schema))))
    return {};
  return fmt::format("its {} must be {}{}", c10::toString(op.schema()), op.schema().name(),
                     schema.substr(name_of(schema).size()));
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

/// The path of the operators of one namespace and suffix.
Path path_of(const std::filesystem::path& file, const std::string& space, const std::string& suffix,
             Handles operators) {
  Path path;
  Plugin plugin;
  for (const std::string_view schema : library::kSchemas) {
    const auto op = operators.find(name_of(schema));
    if (op == operators.end())
      continue;
    if (const std::string fault = fault_of_types(op->second, schema); !fault.empty())
      throw bench::UsageError(fmt::format("--plugin {}: {}", file.string(), fault));
    plugin.own.emplace_back(op->first);
    path.summary += fmt::format("{}{}{}", path.summary.empty() ? "" : ", ", op->first, suffix);
  }
  const c10::OperatorHandle& norm = operators.at("rms_norm");
  plugin.norm = norm.schema().name();
  for (const auto& [key, device] : {std::pair{c10::DispatchKey::CPU, c10::DeviceType::CPU},
                                    {c10::DispatchKey::CUDA, c10::DeviceType::CUDA}})
    if (norm.hasComputedKernelForDispatchKey(key))
      path.devices.push_back(device);
  if (path.devices.empty())
    throw bench::UsageError(
        fmt::format("--plugin {}: {} has no kernel for CPU or CUDA; TORCH_LIBRARY_IMPL gives one",
                    file.string(), plugin.norm));
  path.name = space + suffix;
  path.operators = std::make_shared<LibraryOperators>(std::move(operators));
  path.plugin = std::move(plugin);
  return path;
}

/// Why operators are no path, since they have no such rms_norm; nothing where they have.
std::string fault_of_norm(const std::string& space, const std::string& suffix,
                          const Handles& operators) {
  const std::string_view schema = library::kSchemas[0];
  const auto norm = operators.find(name_of(schema));
  if (norm != operators.end())
    return fault_of_types(norm->second, schema);
  return fmt::format("beside {} there is no {}::{}{}{}", operators.begin()->second.schema().name(),
                     space, name_of(schema), suffix, schema.substr(name_of(schema).size()));
}

} // namespace

LoadedLibrary load_library(const std::filesystem::path& file) {
  const std::set<std::string> before = registered_names();
  if (const std::string fault = fault_of_opening(file); !fault.empty())
    throw bench::UsageError(fmt::format("--plugin {}: cannot be loaded: {}", file.string(), fault));
  LoadedLibrary loaded;
  for (auto& [key, operators] : operators_since(before)) {
    const auto& [space, suffix] = key;
    const std::string fault = fault_of_norm(space, suffix, operators);
    // A library has other operators too, whose names only look like a variant's: rms_norm_backward.
    if (!fault.empty() && !suffix.empty())
      loaded.left_out.push_back(fmt::format("no path {}{}: {}", space, suffix, fault));
    else if (operators.contains("rms_norm"))
      loaded.paths.push_back(path_of(file, space, suffix, std::move(operators)));
  }
  if (!loaded.paths.empty())
    return loaded;
  throw bench::UsageError(fmt::format(
      "--plugin {}: {}", file.string(),
      loaded.left_out.empty()
          ? fmt::format("registers no operator {} that was not there before; kernels/README.md "
                        "shows one that does",
                        library::kSchemas[0])
          : loaded.left_out[0]));
}

} // namespace kernels::plugins
