#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/fnv1a.h>
#include <bench/base/installation.h>
#include <bench/workers/command.h>

#include <fmt/format.h>

#include <cstdlib>

namespace bench::workers {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "bench/workers/bench_worker.py";

/// Which word is the file that the worker is; none behind `python3 -m` and `-c`.
std::size_t script_of(const std::vector<std::string>& command) {
  if (command[0] != "python3")
    return command[0].find('/') == std::string::npos ? std::string::npos : 0;
  for (std::size_t i = 1; i < command.size(); ++i) {
    if (command[i] == "-m" || command[i] == "-c")
      return std::string::npos;
    if (!command[i].starts_with('-'))
      return i;
  }
  return std::string::npos;
}

fs::path find_script(const fs::path& script, const fs::path& beside, const fs::path& root) {
  for (const fs::path& folder : {beside, root}) {
    const fs::path file = folder / script; // `script` itself if it is absolute
    if (fs::is_regular_file(file))
      return fs::absolute(file).lexically_normal();
  }
  return {};
}

} // namespace

Command command_of(const scenario::WorkerSpec& worker, const fs::path& scenario_file) {
  const fs::path root = installation_with(kModule);
  const fs::path folder = fs::absolute(scenario_file).parent_path();
  Command command{.launch = {.name = worker.name,
                             .argv = worker.command,
                             .environment = {},
                             .patience_s = worker.patience_s},
                  .script = {},
                  .digest = {}};
  std::vector<std::string>& argv = command.launch.argv;
  if (const std::size_t i = script_of(argv); i != std::string::npos) {
    command.script = find_script(argv[i], folder, root);
    if (command.script.empty())
      throw UsageError(fmt::format(
          "{}: workers.{}.command: no file '{}'{}", scenario_file.string(), worker.name, argv[i],
          fs::path(argv[i]).is_absolute()
              ? ""
              : fmt::format(" in {}{}", folder.string(),
                            root.empty() ? "" : fmt::format(" nor in {}", root.string()))));
    argv[i] = command.script.string();
    command.digest = fmt::format("{:016x}", fnv1a(read_file(command.script)));
  }
  if (argv[0] == "python3")
    argv[0] = installed_python(root).string();
  auto& environment = command.launch.environment;
  if (const fs::path stamps = installed_library("libbench_stamps.so"); !stamps.empty())
    environment["BENCH_STAMPS"] = stamps.string();
  if (!root.empty()) {
    const char* present = std::getenv("PYTHONPATH");
    environment["PYTHONPATH"] = (root / kModule).parent_path().string() +
                                (present && *present ? fmt::format(":{}", present) : "");
  }
  return command;
}

} // namespace bench::workers
