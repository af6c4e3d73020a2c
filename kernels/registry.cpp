#include <kernels/aten/rms_norm.h>
#include <kernels/decomposed/rms_norm.h>
#include <kernels/rms_norm.h>

#include <algorithm>

namespace kernels {

const std::vector<RmsNormPath>& rms_norm_paths() {
  static const std::vector<RmsNormPath> paths{
      {"aten", "at::rms_norm, one kernel; multiplies by the weight in fp32, rounds once",
       &aten::rms_norm},
      {"decomposed",
       "the fp32 chain as diffusers runs it, one kernel an operator; rounds before the weight",
       &decomposed::rms_norm},
  };
  return paths;
}

const RmsNormPath* find_rms_norm_path(std::string_view name) {
  const auto& paths = rms_norm_paths();
  const auto it = std::ranges::find(paths, name, &RmsNormPath::name);
  return it == paths.end() ? nullptr : &*it;
}

double rms_norm_bytes(double rows, double width, double element_size) {
  return (2 * rows + 1) * width * element_size;
}

double rms_norm_flop(double rows, double width) {
  return 4 * rows * width;
}

} // namespace kernels
