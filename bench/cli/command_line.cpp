#include <bench/base/error.h>
#include <bench/base/nearest.h>
#include <bench/cli/command_line.h>
#include <bench/version/version.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

namespace bench::cli {
namespace {

std::string exit_code_lines() {
  std::string text = "Exit codes:\n";
  for (const ExitCodeInfo& info : kExitCodes)
    text +=
        fmt::format("  {:>3}  {:<12}  {}\n", static_cast<int>(info.code), info.name, info.meaning);
  return text;
}

CLI::Validator seconds() {
  return {[](const std::string& text) {
            char* end = nullptr;
            const double value = std::strtod(text.c_str(), &end);
            return *end == '\0' && value > 0 && value < 1e9
                       ? ""
                       : fmt::format("must be seconds above 0, not '{}'", text);
          },
          ""};
}

void add_plugin(CLI::App& verb, std::vector<std::filesystem::path>& plugins) {
  verb.add_option("--plugin", plugins,
                  "LibTorch library (.so) or Triton file (.py): measure its kernels as paths too")
      ->allow_extra_args(false)
      ->take_all();
}

void add_run(CLI::App& app, RunOptions& options) {
  CLI::App* run = app.add_subcommand("run", "Measure scenarios: times, a result file, a table");
  run->add_option("SCENARIO", options.scenarios, "Scenario files")->required();
  run->add_option("--only", options.only,
                  "Only cases whose id this regular expression is found in");
  run->add_option("--profile", options.profile,
                  "Profile of the scenario (default: gate on a GPU, else cpu)");
  run->add_option("--out", options.out,
                  "Result file (default: results/<scenario>-<profile>-<time>.json)");
  run->add_option("--set", options.overrides,
                  "Override a key of the scenario: loops.turbo-9.steps=4")
      ->allow_extra_args(false)
      ->take_all();
  add_plugin(*run, options.plugins);
  run->add_option("--baseline", options.baseline,
                  "Result to judge against, its folder, or none (default: baselines/<gpu>/)");
  run->add_option("--fail-on", options.fail_on, "Verdicts that the exit code reports")
      ->capture_default_str();
  run->add_option("--replicates", options.replicates,
                  "Exactly so many processes (default: until every case is decided)")
      ->check(CLI::Range(1, 1000));
  run->add_option("--budget", options.budget_s,
                  "Seconds a scenario: no process starts that would end later")
      ->check(seconds());
  run->add_option("--resolution", options.resolution,
                  "Measure until every interval is so narrow either way, such as 0.05%, instead of "
                  "until every case is decided");
  run->add_option("--resume", options.resume, "Result of an interrupted run: go on with it");
  run->add_option("--save-latents", options.save_latents,
                  "Folder: each loop's latents after its last step, as <case id>.npy");
  run->add_flag_callback(
      "--profile-kernels", [&options] { options.kernel_rows = 5; },
      "Afterwards, in a process of its own: which kernels the cases run (see bench profile)");
  run->add_flag("--dry-run", options.dry_run,
                "Show the cases and the memory they need; measure nothing");
  run->add_flag("--quiet", options.quiet, "No progress on stderr");
  run->footer(
      "What follows a bare `--` goes to Google Benchmark, which drives the kernel cases:\n"
      "  --benchmark_filter=REGEX  --benchmark_out=FILE  --benchmark_repetitions=N\n\n"
      "Example:\n  bench run scenarios/zimage.yaml --only rms_norm -- --benchmark_out=norms.json");
}

void add_ab(CLI::App& app, AbOptions& options) {
  CLI::App* ab = app.add_subcommand(
      "ab", "Two builds, or one with two settings, in turn on one GPU: a verdict on B against A");
  ab->add_option("A", options.a,
                 "Bundle folder, git revision, or . for this build (default: this build)");
  ab->add_option("B", options.b, "The same");
  ab->add_option("--scenario", options.scenario, "Scenario file")->required();
  ab->add_option("--only", options.only, "Only cases whose id this regular expression is found in");
  ab->add_option("--profile", options.profile, "Profile (default: gate on a GPU, else cpu)");
  const auto add_set = [&](const char* name, std::vector<std::string>& overrides,
                           const char* what) {
    ab->add_option(name, overrides, what)->allow_extra_args(false)->take_all();
  };
  add_set("--set", options.overrides, "Override a key of the scenario in both arms");
  add_set("--set-a", options.overrides_a, "... in A only");
  add_set("--set-b", options.overrides_b, "... in B only: paths.rms_norm=[decomposed]");
  add_plugin(*ab, options.plugins);
  ab->add_option("--inject-a", options.inject_a,
                 "Known change of A: spin=0.3%, norms=10 or power of loops, launches=0.5% of "
                 "kernels");
  ab->add_option("--inject-b", options.inject_b, "The same in B: is it found here?");
  ab->add_option("--fail-on", options.fail_on, "Verdicts that the exit code reports")
      ->capture_default_str();
  ab->add_option("--pairs", options.pairs,
                 "Exactly so many pairs (default: 3, 5, 10 or 20, until every case is decided)")
      ->check(CLI::Range(1, 1000));
  ab->add_option("--budget", options.budget_s,
                 "Seconds: no pair starts that would end later; judged first within two thirds")
      ->check(seconds());
  ab->add_option("--out", options.out,
                 "Folder for a.json, b.json, ab.json (default: results/ab-...)");
  ab->add_flag("--quiet", options.quiet, "No progress on stderr");
  ab->footer("Example:\n  bench ab main . --scenario scenarios/zimage.yaml --only turbo-9");
}

void add_selftest(CLI::App& app, SelftestOptions& options) {
  CLI::App* selftest = app.add_subcommand(
      "selftest", "Does the harness find what is there, and nothing else, on this machine?");
  selftest->add_option("SCENARIO", options.scenario, "Scenario file")->capture_default_str();
  selftest->add_option("--only", options.only,
                       "Cases (default: the first loop and the first kernel)");
  selftest->add_option("--profile", options.profile, "Profile (default: gate on a GPU, else cpu)");
  selftest->add_option("--replicates", options.replicates, "Processes")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  selftest->add_option("--set", options.overrides, "Override a key of the scenario")
      ->allow_extra_args(false)
      ->take_all();
  add_plugin(*selftest, options.plugins);
  CLI::Option* quick = selftest->add_flag("--quick", options.quick,
                                          "Fewer arms: the same work again, and two with more");
  selftest
      ->add_option("--arms", options.arms,
                   "These arms, separated by commas: none,spin=0.3%,norms=10,power,launches=0.5%")
      ->excludes(quick);
  selftest->add_option("--out", options.out, "Result file");
  selftest->add_option("--append", options.append, "Data set to add the replicates to");
  selftest->add_option(
      "--judge", options.judge,
      "Measure nothing: how often the judge, and other harnesses' rules, are right "
      "on this data set of --append");
  selftest->add_option("--shuffles", options.shuffles, "Of the data set's processes")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  selftest->footer("Example:\n  bench selftest --quick");
}

void add_profile(CLI::App& app, ProfileOptions& options) {
  CLI::App* profile = app.add_subcommand(
      "profile", "Which kernels the cases run, what launched them, how long each takes");
  profile->add_option("SCENARIO", options.scenario, "Scenario file")->required();
  profile->add_option("--only", options.only,
                      "Only cases whose id this regular expression is found in");
  profile->add_option("--profile", options.profile, "Profile (default: gate on a GPU, else cpu)");
  profile->add_option("--set", options.overrides, "Override a key of the scenario")
      ->allow_extra_args(false)
      ->take_all();
  add_plugin(*profile, options.plugins);
  profile->add_option("--inject", options.inject,
                      "The cases with a known change too: norms=1, spin=0.3% or power of loops");
  profile->add_option("--out", options.out,
                      "Result file (default: results/<scenario>-<profile>-<time>.json)");
  profile->add_option(
      "--trace", options.trace,
      "File for a step of each case in Chrome's format, which ui.perfetto.dev shows");
  profile->add_option("--rows", options.rows, "Rows of each table")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  profile->add_flag("--quiet", options.quiet, "No progress on stderr");
  profile->footer("Example:\n  bench profile scenarios/zimage.yaml --only turbo-9/graph");
}

void add_list(CLI::App& app, ListOptions& options) {
  CLI::App* list = app.add_subcommand("list", "What exists, and why something cannot run here");
  list->add_option("WHAT", options.what,
                   "cases, jobs (what a worker is told), models, paths or engines")
      ->required()
      ->check(CLI::IsMember({"cases", "jobs", "models", "paths", "engines"}));
  list->add_option("SCENARIO", options.scenarios,
                   "Scenario files, for cases and jobs (default: all in scenarios/)");
  list->add_option("--profile", options.profile, "Only this profile, for cases and jobs");
  list->add_option("--plugin", options.plugins, "Its paths too, for cases, jobs and paths")
      ->allow_extra_args(false)
      ->take_all();
  list->footer("Example:\n  bench list cases scenarios/zimage.yaml --profile full");
}

void add_verbs(CLI::App& app, CommandLine& line) {
  add_run(app, line.run);
  add_ab(app, line.ab);
  add_list(app, line.list);
  add_profile(app, line.profile);
  add_selftest(app, line.selftest);
  add_compare(app, line.compare);
  add_explain(app, line.explain);
  add_baseline(app, line.baseline);
  add_report(app, line.report);
  app.add_subcommand("replicate")
      ->group("")
      ->add_option("REQUEST", line.replicate_request)
      ->required();
  app.add_subcommand("doctor", "This machine, and what would spoil a measurement on it")
      ->footer("Example:\n  bench doctor");
}

} // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CLI::App app{"Benchmark and regression harness for diffusion kernels", "bench"};
  app.require_subcommand(1);
  app.set_version_flag("--version", [] {
    const Version& v = version();
    return fmt::format("bench {} ({}{})", v.tool, v.git_sha, v.git_dirty ? ", changed" : "");
  });
  app.footer(exit_code_lines() + "\nExample:\n  bench run scenarios/zimage.yaml");
  CommandLine line{.argv = argv};
  add_verbs(app, line);

  // CLI11 would take what follows `--` as scenarios.
  int ours = 0;
  while (ours < argc && std::string_view(argv[ours]) != "--")
    ++ours;
  for (int i = ours + 1; i < argc; ++i)
    line.run.flags.emplace_back(argv[i]);
  line.run.argv.assign(argv, argv + argc);
  line.selftest.argv = line.ab.argv = line.profile.argv = line.run.argv;
  try {
    app.parse(ours, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) { // --help, --version
      app.exit(e);
      return line;
    }
    const auto chosen = app.get_subcommands();
    if (chosen.empty() && ours > 1 && argv[1][0] != '-')
      throw UsageError(
          fmt::format("unknown verb '{}'{}; see `bench --help`", argv[1],
                      hint(argv[1], {"ab", "baseline", "compare", "doctor", "explain", "list",
                                     "profile", "report", "run", "selftest"})));
    throw UsageError(fmt::format("{}; see `bench {}--help`", e.what(),
                                 chosen.empty() ? "" : chosen[0]->get_name() + " "));
  }
  line.verb = app.get_subcommands().at(0)->get_name();
  if (!line.run.flags.empty() && line.verb != "run")
    throw UsageError("only `bench run` takes flags after `--`");
  return line;
}

} // namespace bench::cli
