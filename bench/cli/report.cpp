#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/installation.h>
#include <bench/baseline/lookup.h>
#include <bench/baseline/promotion.h>
#include <bench/baseline/stored_pairs.h>
#include <bench/cli/compare.h>
#include <bench/cli/report.h>
#include <bench/compare/ab.h>
#include <bench/compare/output.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <vector>

namespace bench::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The folder that holds reports/.
std::filesystem::path package_root() {
  const std::filesystem::path root =
      installation_with(std::filesystem::path("reports") / "__main__.py");
  if (root.empty())
    throw UnavailableError("the folder reports/ is not above this program: set BENCH_ROOT to the "
                           "checkout or bundle that holds it");
  return root;
}

/// What Python is told: the comparison, or why there is none.
struct Input {
  Json json;
  std::string fault; ///< why the result or baseline cannot be used; "" when they can
  std::filesystem::path baseline;
};

/// The folder of `bench ab`: A is held for the baseline of B.
Input compare_arms(const std::filesystem::path& folder, const std::set<stats::Verdict>& fail_on) {
  Input input{.json = {{"schema_version", 1}}, .fault = "", .baseline = folder / "a.json"};
  try {
    input.json = to_json(compare::as_comparison(baseline::read_pairs(folder)), fail_on);
    input.json["baseline_file"] = input.baseline.string();
  } catch (const UsageError& error) {
    input.fault = error.what();
    input.json["missing"] = error.what();
  }
  return input;
}

Input compare_with_baseline(const ReportOptions& options, const std::set<stats::Verdict>& fail_on) {
  Input input{.json = {{"schema_version", 1}}, .fault = "", .baseline = ""};
  try {
    const results::Result fresh = results::read(options.result);
    const std::optional<baseline::Baseline> baseline =
        baseline::find_baseline(options.baseline, fresh);
    if (!baseline) {
      input.json["missing"] = options.baseline == "none"
                                  ? "not held against a baseline"
                                  : "no baseline for this scenario and device";
      return input;
    }
    input.baseline = baseline->file;
    const compare::NoiseFile noise =
        options.noise.empty() ? baseline->noise : compare::read_noise_file(options.noise);
    compare::Comparison comparison = compare::compare(baseline->result, fresh, noise);
    baseline::decide_by_pairs(comparison, options.pairs);
    input.json = to_json(comparison, fail_on);
    input.json["baseline_file"] = baseline->file.string();
    if (!options.old_baseline.empty())
      input.json["promotion"] = {
          {"reason", baseline::promotion_fact(baseline->result, "reason")},
          {"comparison",
           to_json(compare::compare(results::read(options.old_baseline), baseline->result, noise))},
      };
  } catch (const UsageError& error) {
    input.fault = error.what();
    input.json["missing"] = error.what();
  }
  return input;
}

/// Runs the words, waits, and returns how it ended: the exit code, 128 + signal.
int run_and_wait(const std::vector<std::string>& words, const std::filesystem::path& root) {
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::string path = root.string();
  if (const char* more = std::getenv("PYTHONPATH"); more && *more)
    path += std::string(":") + more;
  setenv("PYTHONPATH", path.c_str(), 1);
  pid_t child = 0;
  if (const int error =
          posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ))
    throw UnavailableError(fmt::format(
        "cannot start {}: {}; `ci/setup reports` makes one in .venv, BENCH_PYTHON names another",
        words[0], std::generic_category().message(error)));
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::filesystem::path default_out(const std::filesystem::path& result) {
  std::filesystem::path out = result;
  out.replace_extension();
  return out == result ? std::filesystem::path(result.string() + ".report") : out;
}

} // namespace

void add_report(CLI::App& app, ReportOptions& options) {
  CLI::App* verb = app.add_subcommand(
      "report", "Make a report of a result: Markdown, HTML, figures, exports for other tools");
  verb->add_option("RESULT", options.result, "Result file, or the folder that `bench ab` wrote")
      ->required();
  verb->add_option("--baseline", options.baseline,
                   "Result to judge against, its folder, or none (default: baselines/<gpu>/)");
  verb->add_option("--old-baseline", options.old_baseline,
                   "The baseline that the present one replaced: the report shows old and new");
  verb->add_option("--figures", options.figures, "Cases drawn at most, those that changed first")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  verb->add_option("--out", options.out,
                   "Folder to write to (default: beside RESULT, its name without .json)");
  verb->add_option("--fail-on", options.fail_on, "Verdicts that make the verdict on the whole")
      ->capture_default_str();
  verb->add_option("--noise", options.noise,
                   "What is known of the noise (default: noise.json beside the baseline, else "
                   "baselines/<gpu>/)");
  verb->add_option("--ab", options.pairs, kAbHelp)->allow_extra_args(false)->take_all();
  verb->add_option("--note", options.notes, "A line that the report is to say")
      ->allow_extra_args(false)
      ->take_all();
  verb->footer("Example:\n  bench report results/zimage-gate.json --out report");
}

ExitCode report(const ReportOptions& options) {
  const auto fail_on = compare::parse_fail_on(options.fail_on);
  if (options.out.empty() && !std::filesystem::exists(options.result))
    read_file(options.result); // throws: a misspelt name leaves no folder behind
  const std::filesystem::path root = package_root();
  const std::filesystem::path out = options.out.empty() ? default_out(options.result) : options.out;
  const std::filesystem::path comparison = out / "comparison.json";
  check_writable(comparison);
  const bool arms = std::filesystem::exists(options.result / "b.json");
  const std::filesystem::path result = arms ? options.result / "b.json" : options.result;
  if (arms && !options.pairs.empty())
    throw UsageError("--ab goes with a result that is held against a baseline, not with a folder "
                     "of `bench ab`");
  Input input =
      arms ? compare_arms(options.result, fail_on) : compare_with_baseline(options, fail_on);
  for (const std::string& note : options.notes)
    input.json["notes"].push_back(note);
  using Handler = Json::error_handler_t; // a message need not be UTF-8
  write_file_atomically(comparison, input.json.dump(1, ' ', false, Handler::replace) + "\n");

  std::vector<std::string> words{
      installed_python(root), "-m",    "reports",   "--result", result.string(), "--comparison",
      comparison.string(),    "--out", out.string()};
  words.insert(words.end(), {"--figures", std::to_string(options.figures)});
  if (!input.baseline.empty())
    words.insert(words.end(), {"--baseline", input.baseline.string()});
  const int code = run_and_wait(words, root);
  for (const ExitCodeInfo& info : kExitCodes)
    if (code != 0 && code != 1 && code == static_cast<int>(info.code))
      return info.code; // it has said why in one line
  if (code != 0)
    throw Error(ExitCode::invalid, fmt::format("{} -m reports ended with {}: its last lines say "
                                               "why; please report it with the result file",
                                               words[0], code));
  if (!input.fault.empty())
    throw UsageError(input.fault); // the report says it too
  return ExitCode::ok;
}

} // namespace bench::cli
