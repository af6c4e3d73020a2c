#include <bench/explain/kernel_name.h>
#include <bench/text/columns.h>
#include <bench/text/comparison_table.h>
#include <bench/text/explain_table.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace bench::text {
namespace {

using explain::Change;
using explain::Explanation;
using explain::OperationDrift;
using explain::Part;

constexpr std::size_t kNameWidth = 46;
constexpr double kLeastShare = 5e-5; ///< of a sample: less reads 0.00 %
constexpr const char* kBlank = " ";  ///< a figure that there can be none of

std::string launches(std::int64_t base, std::int64_t fresh) {
  return base == fresh ? fmt::format("{}", base) : fmt::format("{} -> {}", base, fresh);
}

std::string name(const Part& part) {
  if (part.change == Change::replaced) {
    return fmt::format("  {} -> {}", explain::short_kernel_name(part.kernel, kNameWidth / 2),
                       explain::short_kernel_name(part.new_kernel, kNameWidth / 2));
  }
  return "  " + explain::short_kernel_name(part.kernel, kNameWidth);
}

std::string share(double drift_s, const Explanation& e) {
  return percent_text(std::lround(1e4 * drift_s / e.base_sample_s));
}

std::string ms(double seconds) {
  return fmt::format("{:.3f}", 1e3 * seconds);
}

std::string signed_ms(double seconds) {
  return fmt::format("{:+.3f}", 1e3 * seconds);
}

std::string side(std::string_view name, double sample_s, std::optional<double> hz,
                 const std::string& source) {
  return fmt::format("{:<4}  {} a sample under the profiler{}, {}", name, time_text(sample_s),
                     hz ? fmt::format(" at {:.3f} GHz", *hz / 1e9) : "", source);
}

/// "profiles at one clock +0.41 %, timed samples +0.33 % +- 0.06 %: 0.08 % unexplained"
std::string whole(const Explanation& e) {
  std::string text = fmt::format("the profiles differ by {:+.2f} %{}", 100 * e.work(),
                                 e.slopes ? " at one clock" : "");
  if (e.timed) {
    text += fmt::format(", the timed samples by {:+.2f} %", 100 * *e.timed);
    text += e.timed_half_width ? fmt::format(" +- {:.2f} %", 100 * *e.timed_half_width) : "";
    text += fmt::format(": {:.2f} % apart", 100 * std::abs(*e.residual()));
  }
  return text;
}

/// Drifts of single kernels below this one are not shown.
double least_shown_s(const Explanation& e, std::size_t rows) {
  std::vector<double> drifts;
  for (const OperationDrift& operation : e.operations)
    for (const Part& part : operation.parts)
      drifts.push_back(std::abs(part.drift_s));
  std::ranges::sort(drifts, std::ranges::greater());
  const double least = drifts.size() > rows ? std::nextafter(drifts[rows], INFINITY) : 0;
  return std::max(least, kLeastShare * e.base_sample_s);
}

/// How many kernels were left out.
int add_lines(Columns& columns, const Explanation& e, int rows) {
  const double least_s = least_shown_s(e, static_cast<std::size_t>(rows));
  int left_out = 0;
  for (const OperationDrift& operation : e.operations) {
    if (std::abs(operation.drift_s()) >= kLeastShare * e.base_sample_s) {
      columns.add({operation.operation, kBlank,
                   launches(operation.base_launches, operation.new_launches), ms(operation.base_s),
                   ms(operation.new_s), signed_ms(operation.drift_s()),
                   share(operation.drift_s(), e)});
    }
    for (const Part& part : operation.parts) {
      if (std::abs(part.drift_s) < least_s) {
        ++left_out;
        continue;
      }
      columns.add({name(part), std::string(to_string(part.change)),
                   launches(part.base_launches, part.new_launches),
                   ms(static_cast<double>(part.base_launches) * part.base_launch_s),
                   ms(static_cast<double>(part.new_launches) * part.new_launch_s),
                   signed_ms(part.drift_s), share(part.drift_s, e)});
    }
  }
  const auto add = [&](std::string first, double drift_s) {
    columns.add(
        {std::move(first), kBlank, kBlank, kBlank, kBlank, signed_ms(drift_s), share(drift_s, e)});
  };
  add("gaps between kernels", e.gaps_s);
  if (e.clock_s != 0)
    add("the SM clock", e.clock_s);
  if (std::abs(e.unaccounted_s) > 1e-9)
    add("not in the records", e.unaccounted_s);
  columns.add({"the profiles", kBlank, kBlank, ms(e.base_sample_s), ms(e.new_sample_s),
               signed_ms(e.drift_s()), share(e.drift_s(), e)});
  return left_out;
}

} // namespace

std::string explain_table(const compare::CaseExplanation& c, int rows, const Style& style) {
  std::string text =
      style.bold(c.base_id == c.new_id ? c.base_id : c.base_id + " -> " + c.new_id) + "\n";
  if (const std::string exact = to_text(c.exact); !exact.empty())
    text += style.yellow(exact) + "\n";
  if (!c.explanation)
    return text + c.why_none + "\n";
  const Explanation& e = *c.explanation;
  text += side("base", e.base_sample_s, e.base_hz, e.base_source) + "\n";
  text += side("now", e.new_sample_s, e.new_hz, e.new_source) + "\n";
  if (e.base_bytes && e.new_bytes) {
    text += fmt::format("memory {:.2f} GB read and written in a step, now {:.2f} GB: {:+.2f} %\n",
                        *e.base_bytes / 1e9, *e.new_bytes / 1e9,
                        100 * (*e.new_bytes / *e.base_bytes - 1));
  }
  for (const std::string& note : e.notes)
    text += style.yellow(note) + "\n";
  Columns columns(
      {"operation, kernel", kBlank, "launches", "ms base", "ms now", "drift", "of base"});
  const int left_out = add_lines(columns, e, rows);
  text += whole(e) + "\n\n" + columns.text(style);
  if (left_out > 0) {
    text +=
        fmt::format("{} smaller kernel{} in the sums\n", left_out, left_out == 1 ? " is" : "s are");
  }
  return text;
}

} // namespace bench::text
