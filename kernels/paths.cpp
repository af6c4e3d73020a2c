#include <kernels/aten/aten_path.h>
#ifdef BENCH_CUDA
#include <kernels/cuda/cuda_path.h>
#endif
#include <kernels/decomposed/decomposed_path.h>
#include <kernels/floor/floor_path.h>
#include <kernels/paths.h>

#include <algorithm>

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
#else
std::shared_ptr<const Operators> cuda_operators() {
  return aten::make_operators();
}
std::shared_ptr<const Operators> fused_operators() {
  return aten::make_operators();
}
#endif

} // namespace

bool Path::runs_on(c10::DeviceType device) const {
  return devices.empty() || std::ranges::find(devices, device) != devices.end();
}

const std::vector<Path>& paths() {
  static const std::vector<Path> all{
      {.name = "aten",
       .summary = "at::rms_norm, one kernel; multiplies by the weight in fp32, rounds once",
       .devices = {},
       .operators = aten::make_operators()},
      {.name = "decomposed",
       .summary =
           "the fp32 chain as diffusers runs it, one kernel an operator; rounds before the weight",
       .devices = {},
       .operators = decomposed::make_operators()},
      {.name = "cuda",
       .summary = "RMSNorm by our own kernel, one launch; rounds once",
       .devices = {c10::DeviceType::CUDA},
       .operators = cuda_operators()},
      {.name = "fused",
       .summary =
           "our own kernel for every operator: norms with what is beside them, one launch each",
       .devices = {c10::DeviceType::CUDA},
       .operators = fused_operators()},
      {.name = "floor",
       .summary =
           "no operator at all: only a loop's products and attention; the output means nothing",
       .devices = {},
       .operators = floor::make_operators(),
       .is_floor = true},
  };
  return all;
}

const Path* find_path(std::string_view name) {
  const auto& all = paths();
  const auto it = std::ranges::find(all, name, &Path::name);
  return it == all.end() ? nullptr : &*it;
}

} // namespace kernels
