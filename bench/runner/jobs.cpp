#include <bench/base/error.h>
#include <bench/base/pattern.h>
#include <bench/device/device.h>
#include <bench/models/registry.h>
#include <bench/runner/jobs.h>
#include <bench/workers/command.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

namespace bench::runner {
namespace {

std::string default_profile(const scenario::Scenario& scenario) {
  const bool gpu = device::why_unavailable(scenario::DeviceKind::cuda).empty();
  const std::string profile = gpu ? "gate" : "cpu";
  const auto profiles = scenario.profiles();
  if (std::ranges::find(profiles, profile) == profiles.end())
    throw UsageError(
        fmt::format("{}: has no profile '{}', the default {}; choose one with --profile: {}",
                    scenario.file().string(), profile, gpu ? "on a GPU" : "without a GPU",
                    fmt::join(profiles, ", ")));
  return profile;
}

/// A pattern for the first loop, on all engines and paths, and the first kernel, on all paths.
std::string first_of_each(const std::vector<scenario::Case>& cases) {
  std::string pattern;
  for (const bool loops : {true, false}) {
    const auto first = std::ranges::find(cases, loops, &scenario::Case::is_loop);
    if (first == cases.end())
      continue;
    std::size_t end = 0; // of "zimage/loop/turbo-9/", "zimage/rms_norm/4128x3840.bf16/"
    for (int part = 0; part < 3; ++part)
      end = first->id.find('/', end) + 1;
    pattern += (pattern.empty() ? "^" : "|^") + first->id.substr(0, end);
  }
  return pattern;
}

} // namespace

std::vector<Job> make_jobs(const JobOptions& options, const scenario::Catalog& catalog) {
  if (!options.out.empty() && options.scenarios.size() > 1)
    throw UsageError(
        "--out takes one file, and there are several scenarios: run them one by one, or leave "
        "it out (each gets a file in results/)");
  std::vector<Job> jobs;
  for (const auto& file : options.scenarios) {
    scenario::Scenario scenario = load(file, catalog, options.overrides);
    const std::string profile =
        options.profile.empty() ? default_profile(scenario) : options.profile;
    scenario::Expansion plan = expand(scenario, profile, catalog);
    const std::size_t all = plan.cases.size();
    const std::string only = options.first_of_each ? first_of_each(plan.cases) : options.only;
    const Pattern wanted = pattern_option("--only", only);
    std::erase_if(plan.cases, [&](const scenario::Case& c) { return !wanted.is_in(c.id); });
    if (plan.cases.empty())
      throw UsageError(fmt::format(
          "--only '{}': matches none of the {} cases of {}, profile {}; `bench list cases "
          "{}` shows them",
          only, all, plan.scenario, plan.profile, file.string()));
    for (const scenario::Case& c : plan.cases) // a script that is missing, before minutes are spent
      if (const auto* loop = std::get_if<scenario::LoopCase>(&c.work); loop && loop->worker)
        workers::command_of(*loop->worker, file);
    std::filesystem::path out = options.out;
    if (out.empty())
      out = std::filesystem::path("results") / fmt::format("{}-{}-{:%Y%m%dT%H%M%SZ}.json",
                                                           plan.scenario, plan.profile,
                                                           fmt::gmtime(std::time(nullptr)));
    jobs.push_back({.scenario = std::move(scenario),
                    .plan = std::move(plan),
                    .out = std::move(out),
                    .overrides = options.overrides,
                    .only = only});
  }
  return jobs;
}

void print_plan(const Job& job, std::FILE* out) {
  fmt::print(out, "{}, profile {}, on {}: {} cases\n", job.plan.scenario, job.plan.profile,
             to_string(job.plan.device), job.plan.cases.size());
  std::optional<scenario::ModelSpec> shown;
  std::set<std::string> workers;
  for (const scenario::Case& c : job.plan.cases) {
    const auto* loop = std::get_if<scenario::LoopCase>(&c.work);
    if (loop && loop->worker && workers.insert(loop->worker->name).second)
      fmt::print(
          out, "worker {}: {}\n", loop->worker->name,
          fmt::join(workers::command_of(*loop->worker, job.scenario.file()).launch.argv, " "));
    if (loop && !loop->model.name.empty() && shown != loop->model) {
      shown = loop->model;
      fmt::print(out, "model {}: {:.3f} B parameters, {:.1f} GiB of device memory\n",
                 loop->model.name,
                 static_cast<double>(models::count_parameters(loop->model)) * 1e-9,
                 static_cast<double>(models::memory_needed(loop->model)) / (1 << 30));
    }
    fmt::print(out, "  {}  {}\n", c.hash, c.id);
  }
}

} // namespace bench::runner
