#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/pattern.h>
#include <bench/base/utc.h>
#include <bench/baseline/lookup.h>
#include <bench/baseline/oldest.h>
#include <bench/baseline/promotion.h>
#include <bench/baseline/since_oldest.h>
#include <bench/cli/baseline.h>
#include <bench/compare/judged_samples.h>
#include <bench/compare/verdicts.h>
#include <bench/stats/summary.h>
#include <bench/text/columns.h>
#include <bench/text/comparison_table.h>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <set>

namespace bench::cli {
namespace {

using results::CaseResult;
using results::Replicate;
using results::Result;
using std::filesystem::path;

void promote(const BaselineOptions& options, std::FILE* out) {
  baseline::Promotion promotion{
      .reason = options.reason, .when = utc_now(), .force = options.force};
  if (!options.replace.empty())
    promotion.replace = pattern_option("--replace", options.replace);
  std::vector<baseline::Named> named;
  for (const path& file : options.results) {
    named.push_back({file.string(), results::read(file)});
    check_promotable(named.back(), promotion);
  }
  const Result fresh = baseline::merge(named, options.force);
  const path folder =
      options.into.empty()
          ? path("baselines") / baseline::gpu_folder(named.front().result, named.front().file)
          : options.into;
  const path file = folder / (fresh.scenario + ".json");

  std::optional<Result> existing;
  if (std::filesystem::exists(file))
    existing = results::read(file);
  if (existing && !options.force)
    check_same_model(*existing, file.string(), named.front());
  const Result promoted = baseline::promote(existing, fresh, promotion);
  const std::string text = baseline::baseline_text(promoted, file.string());
  const path oldest = baseline::oldest_file(file);
  std::string first; // of the file `oldest`; "": nothing to keep
  if (existing) {
    const bool known = std::filesystem::exists(oldest);
    const Result kept = baseline::keep_oldest(
        known ? std::optional(results::read(oldest)) : std::nullopt, *existing, promoted);
    if (!kept.cases.empty())
      first = baseline::baseline_text(kept, oldest.string());
    fmt::print(out, "what it says of the baseline that it replaces:\n\n{}\n",
               text::comparison_table(compare::compare(*existing, fresh, compare::noise_in(folder)),
                                      compare::parse_fail_on(compare::kDefaultFailOn),
                                      text::Style(text::inspect_terminal(out).styled)));
  }
  if (!first.empty()) // before the baseline that has it now is replaced
    write_file_atomically(oldest, first);
  write_file_atomically(file, text);
  if (existing && first.empty() && std::filesystem::remove(oldest)) {
    fmt::print(out, "removed: {}, whose cases are of other work; commit that too\n",
               oldest.string());
  } else if (!first.empty()) {
    fmt::print(out, "{}what was measured first is kept: {}; commit it too\n",
               text::crept_text(baseline::since_oldest(file, promoted)), oldest.string());
  }
  fmt::print(
      out, "baseline: {} ({} cases, {:.0f} kB); commit it\n", file.string(),
      std::ranges::count_if(promoted.cases, [](const CaseResult& c) { return c.kind != "anchor"; }),
      static_cast<double>(text.size()) / 1e3);
  if (std::filesystem::exists(folder / compare::kNoiseFileName)) {
    fmt::print(out, "what is known of the noise beside it may have changed, too: {}\n",
               compare::noise_in(folder).source);
  }
}

/// The file, or every JSON file under the folder, sorted.
std::vector<path> files_of(const path& place) {
  if (!std::filesystem::is_directory(place))
    return {place};
  std::vector<path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place))
    if (entry.is_regular_file() && entry.path().extension() == ".json")
      files.push_back(entry.path());
  std::ranges::sort(files);
  if (files.empty()) {
    throw UsageError(
        fmt::format("{}: no baselines; keep one with `bench baseline promote`", place.string()));
  }
  return files;
}

/// "profile gate", "profiles gate and peers": what ran when its replicates were measured.
std::string profiles_of(const Result& result) {
  std::set<std::string> profiles;
  for (const CaseResult& c : result.cases)
    for (const Replicate& replicate : c.replicates)
      profiles.insert(results::profile_of(result, replicate));
  profiles.erase(""); // of an older bench
  return fmt::format("profile{} {}", profiles.size() == 1 ? "" : "s", fmt::join(profiles, " and "));
}

std::vector<std::string> show_row(const CaseResult& c,
                                  const std::vector<baseline::SinceOldest>& drifts) {
  const auto drift = std::ranges::find(drifts, c.id, &baseline::SinceOldest::id);
  const bool known = drift != drifts.end();
  const std::vector<double> times = compare::pooled(c, &results::Samples::t_s);
  std::set<std::string> gpus;
  std::string date;
  for (const Replicate& replicate : c.replicates) {
    gpus.insert(replicate.device_uuid);
    date = std::max(date, replicate.started.substr(0, 10));
  }
  gpus.erase(""); // a CPU's
  return {c.id,
          gpus.empty() ? "" : fmt::format("{}", gpus.size()),
          fmt::format("{}", c.replicates.size()),
          times.empty() ? "" : text::time_text(stats::median(times)),
          date,
          known ? drift->date : "",
          known ? text::percent_text(text::hundredths(drift->work.estimate)) : "",
          known ? text::half_width_text(drift->work) : ""};
}

/// What lies below a GPU's baselines and is none: shown only where it is asked for by name.
bool is_other_data(const path& file) {
  constexpr std::array<std::string_view, 4> kFolders{"oldest", "peers", "selftest",
                                                     "torch_compile"};
  return std::ranges::find(kFolders, file.parent_path().filename().string()) != kFolders.end();
}

void show(const path& place, std::FILE* out) {
  const text::Style style(text::inspect_terminal(out).styled);
  std::string_view gap;
  for (const path& file : files_of(place)) {
    if (file.filename() == compare::kNoiseFileName || (is_other_data(file) && file != place))
      continue;
    const Result result = results::read(file);
    const std::string reason = baseline::promotion_fact(result, "reason");
    const std::string when = baseline::promotion_fact(result, "when");
    text::Columns columns({"case", "GPUs", "replicates", "time", "date", "since", "drift", "+-"});
    const std::vector<baseline::SinceOldest> drifts = baseline::since_oldest(file, result);
    for (const CaseResult& c : result.cases)
      if (c.kind != "anchor")
        columns.add(show_row(c, drifts));
    fmt::print(out, "{}{}\n{}\n\n{}", gap,
               style.bold(fmt::format(
                   "{}: {}, {}, on {}", file.string(), result.scenario, profiles_of(result),
                   result.device == "cpu" ? "the CPU" : compare::gpu_name(result))),
               reason.empty() ? "was not promoted: no reason is known"
                              : fmt::format("promoted {} of {}: {}", when.substr(0, 10),
                                            baseline::promotion_fact(result, "from"), reason),
               columns.text(style));
    gap = "\n";
  }
}

std::vector<std::string> faults_of(const path& file) {
  try {
    if (file.filename() == compare::kNoiseFileName) {
      compare::read_noise_file(file);
      return {};
    }
    std::vector<std::string> faults = baseline::baseline_faults(results::read(file));
    for (std::string& fault : faults)
      fault = fmt::format("{}: {}", file.string(), fault);
    if (const auto size = std::filesystem::file_size(file); size > baseline::kMaxBaselineBytes) {
      faults.push_back(fmt::format("{}: takes {:.1f} MB, a baseline may take {:.0f}", file.string(),
                                   static_cast<double>(size) / 1e6,
                                   static_cast<double>(baseline::kMaxBaselineBytes) / 1e6));
    }
    return faults;
  } catch (const UsageError& error) { // one broken file must not hide the others
    return {error.what()};
  }
}

ExitCode check(const path& place, std::FILE* out) {
  const std::vector<path> files = files_of(place);
  std::size_t faulty = 0;
  for (const path& file : files) {
    const std::vector<std::string> faults = faults_of(file);
    for (const std::string& fault : faults)
      fmt::print(out, "{}\n", fault);
    faulty += faults.empty() ? 0 : 1;
  }
  fmt::print(out, "{} file{}: {}\n", files.size(), files.size() == 1 ? "" : "s",
             faulty == 0 ? "fine" : fmt::format("{} faulty", faulty));
  return faulty == 0 ? ExitCode::ok : ExitCode::usage;
}

} // namespace

void add_baseline(CLI::App& app, BaselineOptions& options) {
  CLI::App* verb = app.add_subcommand("baseline", "Keep results as baselines, show and check them");
  verb->require_subcommand(1);

  CLI::App* promote =
      verb->add_subcommand("promote", "Make results the baseline of their scenario");
  promote->add_option("RESULT", options.results, "Result files of one scenario and GPU model")
      ->required();
  promote->add_option("--reason", options.reason, "Why: is kept in the file")->required();
  promote->add_option("--into", options.into, "Folder (default: baselines/<gpu>)");
  promote->add_flag("--force", options.force,
                    "Even if interrupted, not finite, of uncommitted changes, of a CPU or over a "
                    "baseline of another GPU model; without cases not ok");
  promote->add_option(
      "--replace", options.replace,
      "Cases (a regular expression) whose speed has changed: replicates of other GPUs "
      "go too, which are of the code as it was");
  promote->callback([&options] { options.action = "promote"; });
  promote->footer("Example:\n  bench baseline promote results/zimage-full.json --reason \"torch "
                  "2.12\"");

  const auto add = [&](const char* name, const char* help) {
    CLI::App* action = verb->add_subcommand(name, help);
    action->add_option("PATH", options.path, "File or folder (default: baselines)");
    action->callback([&options, name] { options.action = name; });
  };
  add("show", "What is kept: cases, GPUs, replicates, times, reasons, drift since what was first");
  add("check", "That every baseline can be read and used; exit code 2 if not");
  verb->footer("Example:\n  bench baseline show baselines/h200");
}

ExitCode baseline(const BaselineOptions& options, std::FILE* out) {
  if (options.action == "promote") {
    promote(options, out);
    return ExitCode::ok;
  }
  if (options.action == "show") {
    show(options.path, out);
    return ExitCode::ok;
  }
  return check(options.path, out);
}

} // namespace bench::cli
