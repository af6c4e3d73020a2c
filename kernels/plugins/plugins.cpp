#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/fnv1a.h>
#include <kernels/plugins/library_plugin.h>
#include <kernels/plugins/plugins.h>
#include <kernels/plugins/triton_plugin.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kernels::plugins {
namespace {

/// As scenarios name things.
bool is_name(const std::string& name) {
  const auto is_allowed = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) || c == '-' || c == '_');
  };
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, is_allowed);
}

} // namespace

void load(const std::filesystem::path& file) {
  const bool is_library = file.extension() == ".so", is_python = file.extension() == ".py";
  if (!is_library && !is_python)
    throw bench::UsageError(fmt::format(
        "--plugin {}: is neither a LibTorch library (.so) nor a Triton file (.py)", file.string()));
  const std::string digest = fmt::format("{:016x}", bench::fnv1a(bench::read_file(file)));
  std::vector<Path> paths =
      is_library ? load_library(file) : std::vector<Path>{compile_triton(file)};
  for (Path& path : paths) {
    if (!is_name(path.name))
      throw bench::UsageError(
          fmt::format("--plugin {}: '{}' cannot name a path; letters, digits, '-' and '_' can",
                      file.string(), path.name));
    if (find_path(path.name))
      throw bench::UsageError(
          fmt::format("--plugin {}: there is a path '{}' already; give it another name",
                      file.string(), path.name));
    path.plugin->file = file.string();
    path.plugin->digest = digest;
    path.summary = fmt::format("plug-in {}: {}", file.string(), fmt::join(path.plugin->own, ", "));
    add_path(std::move(path));
  }
}

} // namespace kernels::plugins
