#include <bench/base/error.h>
#include <bench/base/nearest.h>
#include <bench/cli/list.h>
#include <bench/device/device.h>
#include <bench/engines/engine.h>
#include <bench/models/registry.h>
#include <bench/replicate/catalog.h>
#include <bench/workers/job.h>
#include <kernels/families.h>
#include <kernels/paths.h>
#include <kernels/plugins/plugins.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

namespace bench::cli {
namespace {

std::vector<std::filesystem::path> all_scenarios() {
  const char* root = std::getenv("BENCH_ROOT");
  const std::filesystem::path folder = std::filesystem::path(root ? root : ".") / "scenarios";
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml")
      files.push_back(entry.path());
  if (files.empty())
    throw UsageError(fmt::format(
        "no scenario in {}: name one, `bench list cases scenarios/zimage.yaml`", folder.string()));
  std::ranges::sort(files);
  return files;
}

/// Calls `show(expansion, profile)` for what the options choose of every scenario.
template <typename Show>
void for_each_expansion(const ListOptions& options, const Show& show) {
  const scenario::Catalog catalog = replicate::make_catalog();
  std::set<std::string> profiles;
  for (const auto& file : options.scenarios.empty() ? all_scenarios() : options.scenarios) {
    const scenario::Scenario scenario = load(file, catalog);
    for (const std::string& profile : scenario.profiles()) {
      profiles.insert(profile);
      if (options.profile.empty() || profile == options.profile)
        show(expand(scenario, profile, catalog), profile);
    }
  }
  if (!options.profile.empty() && !profiles.contains(options.profile))
    throw UsageError(fmt::format("--profile '{}': no scenario has it{}", options.profile,
                                 hint(options.profile, {profiles.begin(), profiles.end()})));
}

void list_cases(const ListOptions& options, std::FILE* out) {
  for_each_expansion(options,
                     [out](const scenario::Expansion& expansion, const std::string& profile) {
                       fmt::print(out, "{}, profile {}, on {}: {} cases\n", expansion.scenario,
                                  profile, to_string(expansion.device), expansion.cases.size());
                       for (const scenario::Case& c : expansion.cases)
                         fmt::print(out, "  {}  {}\n", c.hash, c.id);
                     });
}

/// One line of JSON for each loop, whatever its engines and paths.
void list_jobs(const ListOptions& options, std::FILE* out) {
  for_each_expansion(options, [out](const scenario::Expansion& expansion, const std::string&) {
    std::set<std::string> loops;
    for (const scenario::Case& c : expansion.cases)
      if (const auto* loop = std::get_if<scenario::LoopCase>(&c.work);
          loop && loops.insert(loop->loop).second)
        fmt::print(out, "{}\n", workers::make_job(*loop, expansion.device).text);
  });
}

void list_models(std::FILE* out) {
  for (const models::Family& family : models::families()) {
    fmt::print(out, "{}\n  {}\n", family.catalog.name, family.summary);
    scenario::ModelSpec spec;
    spec.name = family.catalog.name;
    spec.architecture = family.catalog.architecture;
    fmt::print(out, "  {:.3f} B parameters; {:.1f} GiB of device memory at {}x{} in {}\n",
               static_cast<double>(models::count_parameters(spec)) * 1e-9,
               static_cast<double>(models::memory_needed(spec)) / (1 << 30), spec.width,
               spec.height, to_string(spec.dtype));
    fmt::print(out, "  architecture:");
    for (const auto& [key, value] : family.catalog.architecture)
      fmt::print(out, " {}={}", key, value);
    fmt::print(out, "\n");
  }
}

void list_paths(std::FILE* out) {
  for (const kernels::Path& path : kernels::paths())
    fmt::print(out, "{:<11}  {}{}\n", path.name, path.summary,
               path.rounds_before_weight ? "; rounds before the weight" : "");
  fmt::print(out, "\nof each of these operators, kernel families of a scenario:\n");
  for (const kernels::Family& family : kernels::families())
    fmt::print(out, "{:<30}  {}\n", family.name, family.summary);
}

void list_engines(std::FILE* out) {
  const std::string no_gpu = device::why_unavailable(scenario::DeviceKind::cuda);
  for (const engines::Engine& engine : engines::all()) {
    fmt::print(out, "{:<6}  {}\n", engine.name, engine.summary);
    if (!no_gpu.empty())
      fmt::print(out, "        cuda: not here; {}\n", no_gpu);
    if (const std::string why = engine.why_unavailable(scenario::DeviceKind::cpu); !why.empty())
      fmt::print(out, "        cpu: never; {}\n", why);
  }
}

} // namespace

void list(const ListOptions& options, std::FILE* out) {
  const bool of_scenarios = options.what == "cases" || options.what == "jobs";
  if (!of_scenarios && (!options.scenarios.empty() || !options.profile.empty()))
    throw UsageError(
        fmt::format("`bench list {}` lists the same for every scenario and profile: leave them out",
                    options.what));
  kernels::plugins::load(options.plugins, stderr);
  if (options.what == "cases")
    list_cases(options, out);
  else if (options.what == "jobs")
    list_jobs(options, out);
  else if (options.what == "models")
    list_models(out);
  else if (options.what == "paths")
    list_paths(out);
  else
    list_engines(out);
}

} // namespace bench::cli
