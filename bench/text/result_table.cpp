#include <bench/compare/comparison.h>
#include <bench/compare/judged_samples.h>
#include <bench/stats/summary.h>
#include <bench/text/columns.h>
#include <bench/text/kernel_matrix.h>
#include <bench/text/result_table.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <ranges>
#include <utility>

namespace bench::text {
namespace {

using results::CaseResult;
using results::CaseStatus;
using results::Replicate;
using results::Result;
using results::Samples;

/// With so many significant digits, never in scientific notation: "93.12", "0.004213", "1864".
std::string significant(double value, int digits) {
  if (value == 0)
    return "0";
  const int leading = static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
  return fmt::format("{:.{}f}", value, std::max(0, digits - leading));
}

std::string percent(double share, int decimals) {
  return fmt::format("{:.{}f} %", 100 * share, decimals);
}

/// The loops of a case of which every step was kept.
struct WholeLoops {
  int steps = 0;
  std::vector<double> seconds;
};

WholeLoops whole_loops(const CaseResult& result) {
  struct Loop {
    int steps = 0;
    double seconds = 0;
  };
  std::map<std::pair<std::size_t, std::int32_t>, Loop> loops; // by replicate and loop
  WholeLoops whole;
  for (std::size_t replicate = 0; replicate < result.replicates.size(); ++replicate) {
    const Samples& samples = result.replicates[replicate].samples;
    for (std::size_t i = 0; i < samples.t_s.size(); ++i) {
      Loop& loop = loops[{replicate, samples.loop[i]}];
      ++loop.steps;
      loop.seconds += samples.t_s[i];
      whole.steps = std::max(whole.steps, samples.step[i] + 1);
    }
  }
  for (const auto& [key, loop] : loops)
    if (loop.steps == whole.steps)
      whole.seconds.push_back(loop.seconds);
  return whole;
}

std::string spread(const std::vector<double>& times) {
  return times.size() < 2 ? "" : percent(stats::robust_variation(times), 2);
}

std::string energy(const CaseResult& result) {
  std::vector<double> joules;
  for (const Replicate& replicate : result.replicates)
    if (const auto energy_j = results::energy_per_sample(replicate))
      joules.push_back(*energy_j);
  return joules.empty() ? "" : significant(stats::mean(joules), 3);
}

std::vector<std::string> loop_row(const CaseResult& result, const std::vector<double>& times) {
  const double t_s = stats::median(times);
  const WholeLoops loops = whole_loops(result);
  const std::vector<double> frequencies = compare::pooled(result, &Samples::f_hz);
  const double rate = result.flop / t_s;
  const auto matmul_rate = result.reference.matmul_flop_per_s;
  return {
      result.id,
      fmt::format("{}", loops.steps),
      significant(t_s * 1e3, 4),
      spread(times),
      loops.seconds.empty() ? "" : significant(stats::median(loops.seconds), 4),
      rate > 0 ? significant(rate / 1e12, 3) : "",
      rate > 0 && matmul_rate ? percent(rate / *matmul_rate, 0) : "",
      frequencies.empty() ? "" : fmt::format("{:.3f}", stats::median(frequencies) / 1e9),
      energy(result),
  };
}

/// "100 %" only of all: one element in a million that differs makes it 99.
std::string exact_text(double share) {
  return share == 1 ? "100 %" : fmt::format("{:.0f} %", std::min(99.0, std::floor(100 * share)));
}

std::vector<std::string> kernel_row(const CaseResult& result, const std::vector<double>& times) {
  const double t_s = stats::median(times);
  const auto copy_t_s = result.reference.copy_t_s;
  const auto error = result.check.max_abs_error;
  const auto ulp = result.check.max_ulp;
  const auto exact = result.check.exact_share;
  return {
      result.id,
      significant(t_s * 1e6, 4),
      spread(times),
      result.bytes > 0 ? significant(result.bytes / t_s / 1e12, 3) : "",
      copy_t_s ? percent(*copy_t_s / t_s, 0) : "",
      error ? fmt::format("{:.1e}", *error) : "",
      ulp ? fmt::format("{:.3g}", *ulp) : "",
      exact ? exact_text(*exact) : "",
  };
}

std::string remark(const CaseResult& result, const Style& style) {
  const std::string text = result.message.empty()
                               ? std::string(to_string(result.status))
                               : fmt::format("{}: {}", to_string(result.status), result.message);
  return result.status == CaseStatus::failed ? style.red(text) : style.yellow(text);
}

std::string headline(const Result& result) {
  std::string line = fmt::format("{}, profile {}", result.scenario, result.profile);
  if (result.device == "cpu")
    return line + ": on the CPU, a model scaled down; times say nothing about an H200";
  const std::string name = compare::gpu_name(result);
  line += ", on " + (name.empty() ? "an unknown GPU" : name);
  if (const auto* uuid = results::find_fact(result.machine, "gpu", "uuid"); uuid && !uuid->empty())
    line += fmt::format(" ({})", compare::short_uuid(*uuid));
  if (const auto* driver = results::find_fact(result.machine, "driver", "version");
      driver && !driver->empty()) {
    line += ", driver " + *driver;
  }
  return line;
}

/// "28 cases: 26 ok, 1 failed, 1 invalid"
std::string count_line(const std::vector<CaseResult>& cases) {
  std::string line = fmt::format("{} case{}", cases.size(), cases.size() == 1 ? "" : "s");
  std::string_view separator = ": ";
  for (const CaseStatus status : results::kCaseStatuses) {
    if (const auto count = std::ranges::count(cases, status, &CaseResult::status); count > 0) {
      line += fmt::format("{}{} {}", separator, count, to_string(status));
      separator = ", ";
    }
  }
  return line;
}

/// "took 75.2 s: start 0.8, weights 12.5, warm-up 20.1, ..."; "" when nobody kept time.
std::string phases_line(const Result& result) {
  constexpr std::pair<const char*, const char*> kNames[] = {
      {"start", "start"},         {"weights", "weights"}, {"load", "load"},
      {"reference", "reference"}, {"buffers", "buffers"}, {"warmup", "warm-up"},
      {"capture", "capture"},     {"samples", "samples"}, {"check", "check"},
  };
  std::map<std::string, double> phases = result.phases_s;
  for (const CaseResult& case_result : result.cases)
    for (const auto& [name, seconds] : case_result.phases_s)
      phases[name] += seconds;
  double total = 0;
  for (const auto& [name, seconds] : phases)
    total += seconds;
  if (total == 0)
    return "";
  std::string line = fmt::format("took {:.1f} s", total);
  std::string_view separator = ": ";
  double other = total;
  const auto add = [&](std::string_view label, double seconds) {
    line += fmt::format("{}{} {:.1f}", separator, label, seconds);
    separator = ", ";
  };
  for (const auto& [name, label] : kNames) {
    if (const auto phase = phases.find(name); phase != phases.end()) {
      add(label, phase->second);
      other -= phase->second;
    }
  }
  if (other >= 0.05) // less would read 0.0
    add("other", other);
  return line;
}

} // namespace

std::string result_table(const Result& result, const Style& style,
                         const std::filesystem::path& file, const compare::Comparison* comparison) {
  Columns loops(
      {"loop", "steps", "ms/step", "spread", "s/loop", "TFLOP/s", "of matmul", "SM GHz", "J/step"});
  Columns anchors({"anchor", "us/step", "spread"});
  Columns kernels(
      {"kernel", "us/launch", "spread", "TB/s", "of copy", "max error", "ulp", "exact"});
  for (const CaseResult& case_result : result.cases) {
    const bool is_loop = case_result.kind == "loop";
    Columns& columns = is_loop ? loops : case_result.kind == "anchor" ? anchors : kernels;
    const std::vector<double> times = compare::pooled(case_result, &Samples::t_s);
    if (case_result.status != CaseStatus::ok) {
      columns.add_remark(case_result.id, remark(case_result, style)); // its times must not be used
    } else if (times.empty()) {
      columns.add_remark(case_result.id, style.yellow("no samples"));
    } else {
      std::vector<std::string> row =
          is_loop ? loop_row(case_result, times) : kernel_row(case_result, times);
      if (&columns == &anchors)
        row.resize(3);
      columns.add(std::move(row));
    }
  }

  std::string text = fmt::format("{}\n", style.bold(headline(result)));
  const auto add_line = [&text](std::string_view line) {
    fmt::format_to(std::back_inserter(text), "{}\n", line);
  };
  if (result.interrupted)
    add_line(style.yellow("interrupted: only what had finished is here"));
  for (const Columns* columns : {&loops, &kernels, &anchors}) {
    if (!columns->empty()) {
      add_line("");
      text += columns->text(style);
    }
  }
  if (const std::string matrix = kernel_matrix(result, style, comparison); !matrix.empty()) {
    add_line("");
    text += matrix;
  }
  const auto has_note = [](const CaseResult& case_result) {
    return case_result.status == CaseStatus::ok && !case_result.message.empty();
  };
  if (std::ranges::any_of(result.cases, has_note))
    add_line("");
  for (const CaseResult& case_result : result.cases | std::views::filter(has_note))
    add_line(style.yellow(fmt::format("{}: {}", case_result.id, case_result.message)));
  add_line("");
  add_line(count_line(result.cases));
  if (const std::string phases = phases_line(result); !phases.empty())
    add_line(phases);
  if (!file.empty())
    add_line(fmt::format("result: {}", file.string()));
  return text;
}

} // namespace bench::text
