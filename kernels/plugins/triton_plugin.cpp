#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/fnv1a.h>
#include <bench/base/installation.h>
#include <kernels/plugins/compile_script.h>
#include <kernels/plugins/triton_plugin.h>
#include <kernels/triton/compiled_kernels.h>
#ifdef BENCH_CUDA
#include <kernels/triton/triton_path.h>
#endif
#include <kernels/aten/aten_path.h>

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

namespace kernels::plugins {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path cache_folder() {
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty())
    return fs::path(cache) / "bench";
  if (const std::string home = environment("HOME"); !home.empty())
    return fs::path(home) / ".cache" / "bench";
  return fs::temp_directory_path() / "bench";
}

/// For a shell.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word)
    text += c == '\'' ? std::string(R"('\'')") : std::string(1, c);
  return text + "'";
}

struct Ended {
  int code = 0;
  std::string last_line; ///< of what it said on stderr
};

Ended run(const std::string& command) {
  Ended ended;
  std::FILE* pipe = popen((command + " 2>&1 >/dev/null").c_str(), "r");
  if (!pipe)
    throw bench::UnavailableError("cannot start a shell to compile a plug-in: too many processes?");
  std::string said;
  std::array<char, 4096> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), pipe))
    said.append(part.data(), size);
  const int status = pclose(pipe);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  while (!said.empty() && said.back() == '\n')
    said.pop_back();
  ended.last_line = said.substr(said.rfind('\n') + 1);
  return ended;
}

/// The folder with the compiled kernels of `file`.
fs::path compiled(const fs::path& file) {
  const std::string interpreter = bench::installed_python(environment("BENCH_ROOT"));
  const std::string key = bench::read_file(file) + kCompileScript + interpreter;
  const fs::path folder = cache_folder() / fmt::format("triton-{:016x}", bench::fnv1a(key));
  if (fs::exists(folder / "kernels.txt"))
    return folder;
  // Made apart and renamed: two runs may compile the same.
  const fs::path partial = fmt::format("{}.{}", folder.string(), getpid());
  std::error_code ignored;
  const auto clear = [&] { fs::remove_all(partial, ignored); };
  try {
    bench::write_file_atomically(partial / "compile.py", kCompileScript);
    if (isatty(STDERR_FILENO))
      fmt::print(stderr, "compiling {} by {}, once\n", file.string(), interpreter);
    const Ended ended =
        run(fmt::format("TRITON_CACHE_DIR={} {} {} {} {}", quoted((partial / "cache").string()),
                        quoted(interpreter), quoted((partial / "compile.py").string()),
                        quoted(file.string()), quoted(partial.string())));
    if (ended.code == 2)
      throw bench::UsageError("--plugin " + ended.last_line);
    if (ended.code == 6)
      throw bench::UnavailableError("--plugin " + ended.last_line);
    if (ended.code != 0)
      throw bench::UnavailableError(fmt::format(
          "--plugin {}: cannot be compiled by {}: {}", file.string(), interpreter,
          ended.last_line.empty() ? fmt::format("exit code {}", ended.code) : ended.last_line));
    fs::remove_all(partial / "cache", ignored);
    fs::rename(partial, folder, ignored);
    if (!fs::exists(folder / "kernels.txt"))
      bench::throw_write_error(folder, ignored.value());
  } catch (...) {
    clear();
    throw;
  }
  clear(); // where another run was first
  return folder;
}

std::shared_ptr<const Operators> operators_of(std::vector<triton::CompiledKernel> kernels) {
#ifdef BENCH_CUDA
  return triton::make_operators(std::move(kernels));
#else
  static_cast<void>(kernels);
  return aten::make_operators(); // never run: the path's only device is CUDA
#endif
}

} // namespace

std::vector<Path> compile_triton(const fs::path& file) {
  std::map<std::string, std::vector<triton::CompiledKernel>> functions;
  for (triton::CompiledKernel& kernel : triton::read_compiled(compiled(file)))
    functions[kernel.function].push_back(std::move(kernel));
  constexpr std::string_view kNorm = "rms_norm";
  std::vector<Path> paths;
  for (auto& [function, kernels] : functions)
    paths.push_back({.name = file.stem().string() + function.substr(kNorm.size()),
                     .summary = function,
                     .devices = {c10::DeviceType::CUDA},
                     .operators = operators_of(std::move(kernels)),
                     .plugin = Plugin{
                         .file = {}, .digest = {}, .own = {std::string(kNorm)}, .norm = function}});
  return paths;
}

} // namespace kernels::plugins
