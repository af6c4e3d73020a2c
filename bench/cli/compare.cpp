#include <bench/baseline/lookup.h>
#include <bench/baseline/stored_pairs.h>
#include <bench/cli/chosen_cases.h>
#include <bench/cli/compare.h>
#include <bench/compare/output.h>
#include <bench/compare/verdicts.h>
#include <bench/text/comparison_table.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <future>

namespace bench::cli {
void add_compare(CLI::App& app, CompareOptions& options) {
  CLI::App* verb =
      app.add_subcommand("compare", "Hold a result against a baseline: a verdict on each case");
  verb->add_option("BASE", options.base, "Result file, or a folder with <scenario>.json in it")
      ->required();
  verb->add_option("NEW", options.fresh, "Result file")->required();
  verb->add_option("--format", options.format, "table, csv or json (default: table)")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  verb->add_option("--fail-on", options.fail_on,
                   "Verdicts that make the exit code: of regression, invalid, missing, "
                   "inconclusive, improvement (default: regression,invalid)");
  verb->add_option(
      "--noise", options.noise,
      "What is known of the noise (default: noise.json beside BASE, else that of baselines/<gpu>/ "
      "beside the folder of NEW's scenario)");
  CLI::Option* only = verb->add_option(
      "--case", options.only, "Only this case of BASE, or the one that a regular expression finds");
  CLI::Option* with = verb->add_option(
      "--with", options.with, "Case of NEW to hold --case against: another path, engine or worker");
  only->needs(with);
  with->needs(only);
  verb->add_option("--ab", options.pairs, kAbHelp)->allow_extra_args(false)->take_all();
  verb->footer("Example:\n  bench compare baselines/h200 results/zimage-gate.json");
}

ExitCode compare_results(const CompareOptions& options, std::FILE* out) {
  const auto fail_on = compare::parse_fail_on(options.fail_on);
  // Reading takes most of the time: BASE is read beside NEW, where NEW need not say which file it
  // is.
  std::future<results::Result> reading;
  if (!std::filesystem::is_directory(options.base))
    reading = std::async(std::launch::async, [&] { return results::read(options.base); });
  const results::Result fresh = results::read(options.fresh);
  const std::filesystem::path file = baseline::baseline_file(options.base, fresh.scenario);
  const compare::NoiseFile noise = options.noise.empty() ? baseline::noise_of(file, fresh)
                                                         : compare::read_noise_file(options.noise);
  const results::Result base = reading.valid() ? reading.get() : results::read(file);
  compare::Comparison comparison =
      options.only.empty()
          ? compare::compare(base, fresh, noise)
          : compare::compare_cases(base, *the_case(base, options.only, file), fresh,
                                   *the_case(fresh, options.with, options.fresh), noise);
  baseline::decide_by_pairs(comparison, options.pairs);
  if (options.format == "csv") {
    fmt::print(out, "{}", to_csv(comparison));
  } else if (options.format == "json") {
    using Handler = nlohmann::ordered_json::error_handler_t; // a message need not be UTF-8
    fmt::print(out, "{}\n", to_json(comparison, fail_on).dump(1, ' ', false, Handler::replace));
  } else {
    fmt::print(out, "{}",
               text::comparison_table(comparison, fail_on,
                                      text::Style(text::inspect_terminal(out).styled)));
  }
  return exit_code(comparison, fail_on);
}

} // namespace bench::cli
