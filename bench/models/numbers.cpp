#include <bench/models/numbers.h>

#include <fmt/format.h>

#include <algorithm>

namespace bench::models {

std::string numbers_fault(const scenario::ModelSpec& spec, const std::vector<std::string>& flags,
                          std::int64_t head_multiple) {
  for (const auto& [key, value] : spec.architecture) {
    const bool is_flag = std::ranges::find(flags, key) != flags.end();
    if (is_flag && value != 0 && value != 1)
      return fmt::format("architecture.{} is {}; it must be 0 or 1", key, value);
    if (!is_flag && (value < 1 || value > 65536))
      return fmt::format("architecture.{} is {}; it must be 1 to 65536", key, value);
  }
  if (const std::int64_t width = spec.architecture.at("head_width"); width % head_multiple != 0)
    return fmt::format("architecture.head_width is {}; rotary embedding splits it into axes of "
                       "pairs, so it must be a multiple of {}",
                       width, head_multiple);
  return "";
}

std::int64_t device_memory(std::int64_t parameters, std::int64_t activations,
                           scenario::DType dtype) {
  constexpr std::int64_t kLibraries = std::int64_t{1} << 30; // context, cuBLAS and cuDNN workspaces
  return (parameters + activations) * scenario::size_of(dtype) + kLibraries;
}

void add_distinct(std::vector<scenario::KernelShape>& shapes, const scenario::KernelShape& shape) {
  if (std::ranges::find(shapes, shape) == shapes.end())
    shapes.push_back(shape);
}

} // namespace bench::models
