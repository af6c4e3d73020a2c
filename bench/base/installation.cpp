#include <bench/base/installation.h>

#include <cstdlib>
#include <system_error>

namespace bench {
namespace {

namespace fs = std::filesystem;

fs::path environment_path(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

fs::path folder_of_this_program() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

} // namespace

fs::path installation_with(const fs::path& part) {
  if (const fs::path named = environment_path("BENCH_ROOT");
      !named.empty() && is_there(named / part))
    return named;
  for (fs::path folder = folder_of_this_program(); folder.has_relative_path();
       folder = folder.parent_path())
    if (is_there(folder / part))
      return folder;
  return {};
}

fs::path program_beside(const fs::path& name) {
  return folder_of_this_program() / name;
}

fs::path installed_library(const fs::path& name) {
  const fs::path above = folder_of_this_program().parent_path();
  for (const fs::path& folder : {above, above.parent_path()})
    if (const fs::path library = folder / "lib" / name; is_there(library))
      return library;
  return {};
}

fs::path installed_python(const fs::path& root) {
  if (const fs::path named = environment_path("BENCH_PYTHON"); !named.empty())
    return named;
  const fs::path own = root / ".venv" / "bin" / "python3";
  return is_there(own) ? own : "python3";
}

} // namespace bench
