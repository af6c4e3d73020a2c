#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/fnv1a.h>
#include <kernels/plugins/library_plugin.h>
#include <kernels/plugins/plugins.h>
#include <kernels/plugins/triton_plugin.h>

#include <fmt/format.h>

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

/// Throws where `file` is there already, by this or another name.
void refuse_twice(const std::filesystem::path& file) {
  for (const Path& path : paths()) {
    std::error_code gone; // which is no twice
    if (path.plugin && std::filesystem::equivalent(path.plugin->file, file, gone))
      throw bench::UsageError(
          fmt::format("--plugin {}: is given twice; leave one out", file.string()));
  }
}

/// Throws where `path`, of `file`, cannot have its name.
void check_name(const Path& path, const std::filesystem::path& file) {
  if (!is_name(path.name))
    throw bench::UsageError(
        fmt::format("--plugin {}: '{}' cannot name a path; letters, digits, '-' and '_' can",
                    file.string(), path.name));
  if (const Path* other = find_path(path.name))
    throw bench::UsageError(fmt::format(
        "--plugin {}: {} would be path '{}', which {}; give it another name", file.string(),
        path.plugin->norm, path.name,
        other->plugin ? fmt::format("{} of {} is already", other->plugin->norm, other->plugin->file)
                      : "is built in"));
}

void load(const std::filesystem::path& file, std::FILE* notes) {
  const bool is_library = file.extension() == ".so", is_python = file.extension() == ".py";
  if (!is_library && !is_python)
    throw bench::UsageError(fmt::format(
        "--plugin {}: is neither a LibTorch library (.so) nor a Triton file (.py)", file.string()));
  const std::string digest = fmt::format("{:016x}", bench::fnv1a(bench::read_file(file)));
  refuse_twice(file);
  LoadedLibrary loaded = is_library ? load_library(file)
                                    : LoadedLibrary{.paths = compile_triton(file), .left_out = {}};
  for (Path& path : loaded.paths) {
    check_name(path, file);
    path.plugin->file = file.string();
    path.plugin->digest = digest;
    path.summary = fmt::format("plug-in {}: {}", file.string(), path.summary);
    add_path(std::move(path));
  }
  if (notes)
    for (const std::string& line : loaded.left_out)
      fmt::print(notes, "bench: --plugin {}: {}\n", file.string(), line);
}

} // namespace

void load(const std::vector<std::filesystem::path>& files, std::FILE* notes) {
  for (const std::filesystem::path& file : files)
    load(file, notes);
}

} // namespace kernels::plugins
