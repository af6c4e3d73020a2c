#include <bench/base/error.h>
#include <bench/baseline/lookup.h>
#include <bench/cli/chosen_cases.h>
#include <bench/cli/explain.h>
#include <bench/compare/arms.h>
#include <bench/compare/explain_output.h>
#include <bench/text/explain_table.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace bench::cli {
namespace {

using results::CaseResult;
using results::Result;

/// The explanation; throws where a side must not be used.
compare::CaseExplanation explained(const Result& base, const CaseResult& before,
                                   const Result& fresh, const CaseResult& now,
                                   const compare::NoiseFile& noise) {
  for (const auto& [side, name] : {std::pair{&before, "base"}, std::pair{&now, "new"}}) {
    if (side->status != results::CaseStatus::ok) {
      throw InvalidError(
          fmt::format("{} of the {} result: {}", side->id, name, compare::not_ok(*side)));
    }
  }
  return explain_cases(base, before, fresh, now, noise);
}

std::vector<compare::CaseExplanation> explanations(const ExplainOptions& options) {
  const Result fresh = results::read(options.fresh);
  const std::filesystem::path file = baseline::baseline_file(options.base, fresh.scenario);
  const Result base = results::read(file);
  if (const std::string before = compare::device_model(base), now = compare::device_model(fresh);
      before != now) {
    throw Error(ExitCode::missing, fmt::format("{} is of {}, {} of {}: their kernels differ by "
                                               "themselves; take a base of the same model",
                                               file.string(), before, options.fresh.string(), now));
  }
  const compare::NoiseFile noise = baseline::noise_of(file, fresh);
  if (!options.with.empty()) {
    const CaseResult* before = the_case(base, options.only, file);
    const CaseResult* now = the_case(fresh, options.with, options.fresh);
    return {explained(base, *before, fresh, *now, noise)};
  }
  std::vector<compare::CaseExplanation> all;
  for (const CaseResult* now : cases_matching(fresh, options.only, options.fresh)) {
    const CaseResult* before = find_case(base, now->id);
    if (!before) {
      throw Error(ExitCode::missing,
                  fmt::format("{}: no case {}, which {} has; name the case that it is to be held "
                              "against: bench explain BASE NEW CASE --with CASE",
                              file.string(), now->id, options.fresh.string()));
    }
    if (!same_work(*before, *now)) {
      throw Error(ExitCode::missing,
                  fmt::format("{}: the work is not the same in {} and {}; to look at it none the "
                              "less: --with {}",
                              now->id, file.string(), options.fresh.string(), now->id));
    }
    all.push_back(explained(base, *before, fresh, *now, noise));
  }
  return all;
}

} // namespace

void add_explain(CLI::App& app, ExplainOptions& options) {
  CLI::App* verb = app.add_subcommand("explain", "Which kernels a drift comes from");
  verb->add_option("BASE", options.base, "Result file, or a folder with <scenario>.json in it")
      ->required();
  verb->add_option("NEW", options.fresh, "Result file")->required();
  verb->add_option("CASE", options.only, "Cases whose id this regular expression is found in")
      ->required();
  verb->add_option("--with", options.with,
                   "Case of NEW to hold CASE of BASE against: another path or engine");
  verb->add_option("--format", options.format, "table, csv or json (default: table)")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  verb->add_option("--rows", options.rows, "Kernels to show")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  verb->footer("Results need profiles: `bench run --profile-kernels`.\n\n"
               "Example:\n  bench explain old.json new.json turbo-9/graph/fused");
}

ExitCode explain_results(const ExplainOptions& options, std::FILE* out) {
  const std::vector<compare::CaseExplanation> all = explanations(options);
  if (options.format == "csv") {
    fmt::print(out, "{}", to_csv(all));
  } else if (options.format == "json") {
    using Handler = nlohmann::ordered_json::error_handler_t; // a kernel's name need not be UTF-8
    fmt::print(out, "{}\n", to_json(all).dump(1, ' ', false, Handler::replace));
  } else {
    const text::Style style(text::inspect_terminal(out).styled);
    std::string_view separator;
    for (const compare::CaseExplanation& c : all) {
      fmt::print(out, "{}{}", separator, text::explain_table(c, options.rows, style));
      separator = "\n";
    }
  }
  return ExitCode::ok;
}

} // namespace bench::cli
