#include <kernels/aten/aten_path.h>
#ifdef BENCH_CUDA
#include <kernels/cuda/cuda_path.h>
#include <kernels/triton/triton_path.h>
#endif
#include <kernels/decomposed/decomposed_path.h>
#include <kernels/dispatched/dispatched_path.h>
#include <kernels/floor/floor_path.h>
#include <kernels/paths.h>

#include <algorithm>
#include <stdexcept>

namespace kernels {

namespace {

// A build without CUDA lists these paths too, so that scenarios mean the same everywhere; no device
// of such a build runs them.
#ifdef BENCH_CUDA
std::shared_ptr<const Operators> cuda_operators() {
  return cuda::make_operators();
}
std::shared_ptr<const Operators> fused_operators() {
  return cuda::make_fused_operators();
}
std::shared_ptr<const Operators> triton_operators() {
  return triton::make_operators(triton::embedded_rms_norm());
}
std::map<std::string, std::string> built_with() {
  return {{"triton", triton::triton_version()}};
}
#else
std::shared_ptr<const Operators> cuda_operators() {
  return aten::make_operators();
}
std::shared_ptr<const Operators> fused_operators() {
  return aten::make_operators();
}
std::shared_ptr<const Operators> triton_operators() {
  return aten::make_operators();
}
std::map<std::string, std::string> built_with() {
  return {};
}
#endif

std::deque<Path> built_in() {
  const auto one_pass = triton_operators();
  return {
      {.name = "aten",
       .summary = "at::rms_norm, one kernel; multiplies by the weight in fp32, rounds once",
       .devices = {},
       .operators = aten::make_operators()},
      {.name = "decomposed",
       .summary = "the fp32 chain as diffusers runs it, one kernel an operator",
       .devices = {},
       .operators = decomposed::make_operators(),
       .rounds_before_weight = true},
      {.name = "cuda",
       .summary = "RMSNorm by our own kernel, one launch; rounds once",
       .devices = {c10::DeviceType::CUDA},
       .operators = cuda_operators()},
      {.name = "fused",
       .summary = "our own kernel for every operator: norms with what is beside them, SwiGLU with "
                  "its product",
       .devices = {c10::DeviceType::CUDA},
       .operators = fused_operators()},
      {.name = "triton",
       .summary = "RMSNorm by a one-pass Triton kernel compiled at build, one launch; rounds once",
       .devices = {c10::DeviceType::CUDA},
       .operators = one_pass},
      {.name = "dispatched",
       .summary = "sglang's rule: without a residual fp32 by decomposed and widths up to 128 by "
                  "triton, all else by fused",
       .devices = {c10::DeviceType::CUDA},
       .operators =
           dispatched::make_operators(decomposed::make_operators(), one_pass, fused_operators())},
      {.name = "floor",
       .summary =
           "no operator at all: only a loop's products and attention; the output means nothing",
       .devices = {},
       .operators = floor::make_operators(),
       .is_floor = true},
  };
}

std::deque<Path>& all_paths() {
  static std::deque<Path> all = built_in();
  return all;
}

} // namespace

bool Path::runs_on(c10::DeviceType device) const {
  return devices.empty() || std::ranges::find(devices, device) != devices.end();
}

const std::deque<Path>& paths() {
  return all_paths();
}

const Path* find_path(std::string_view name) {
  const auto& all = paths();
  const auto it = std::ranges::find(all, name, &Path::name);
  return it == all.end() ? nullptr : &*it;
}

void add_path(Path path) {
  if (find_path(path.name))
    throw std::invalid_argument("there is a path '" + path.name + "' already");
  all_paths().push_back(std::move(path));
}

std::map<std::string, std::string> compiler_versions() {
  return built_with();
}

} // namespace kernels
