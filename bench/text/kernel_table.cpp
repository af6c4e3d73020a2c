#include <bench/compare/judged_samples.h>
#include <bench/compare/roofline.h>
#include <bench/explain/kernel_name.h>
#include <bench/stats/summary.h>
#include <bench/text/columns.h>
#include <bench/text/comparison_table.h>
#include <bench/text/kernel_table.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

namespace bench::text {
namespace {

using results::CaseResult;
using results::KernelProfile;
using results::ProfiledKernel;

constexpr std::size_t kWidth = 120;
constexpr std::size_t kLeastName = 20;
constexpr std::string_view kHeaders[] = {"kernel", "operation", "launches", "total",
                                         "median", "share",     "grid",     "regs",
                                         "DRAM",   "L2 hits",   "tensor"};

std::string share_text(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string grid_text(const std::array<std::int64_t, 3>& grid) {
  if (grid[0] == 0) // no kernel
    return "";
  std::string text = fmt::format("{}", grid[0]);
  if (grid[1] > 1 || grid[2] > 1)
    text += fmt::format("x{}", grid[1]);
  if (grid[2] > 1)
    text += fmt::format("x{}", grid[2]);
  return text;
}

std::string bytes_text(double bytes) {
  return bytes >= 1e9 ? fmt::format("{:.2f} GB", bytes / 1e9)
                      : fmt::format("{:.2f} MB", bytes / 1e6);
}

std::vector<std::string> cells(const ProfiledKernel& k, double sample_s) {
  return {"", // the name, once it is known how much room there is
          k.operation,
          fmt::format("{}", k.launches),
          time_text(k.total_s),
          time_text(k.median_s),
          share_text(k.total_s / sample_s),
          grid_text(k.grid),
          k.registers > 0 ? fmt::format("{}", k.registers) : "",
          k.counters ? bytes_text(k.counters->dram_read_bytes + k.counters->dram_written_bytes)
                     : "",
          k.counters ? share_text(k.counters->l2_hit_rate) : "",
          k.counters ? share_text(k.counters->tensor_utilization) : ""};
}

std::string text_of(const KernelProfile& profile, std::size_t rows, const Style& style) {
  const std::size_t shown = std::min(rows, profile.kernels.size());
  std::vector<std::vector<std::string>> all;
  for (std::size_t i = 0; i < shown; ++i)
    all.push_back(cells(profile.kernels[i], profile.sample_s));
  ProfiledKernel rest;
  for (std::size_t i = shown; i < profile.kernels.size(); ++i) {
    rest.launches += profile.kernels[i].launches;
    rest.total_s += profile.kernels[i].total_s;
  }
  std::int64_t launches = rest.launches;
  for (std::size_t i = 0; i < shown; ++i)
    launches += profile.kernels[i].launches;

  const auto summary = [&](std::string what, std::string count, double t_s) {
    return std::vector<std::string>{std::move(what),
                                    "",
                                    std::move(count),
                                    time_text(t_s),
                                    "",
                                    share_text(t_s / profile.sample_s),
                                    "",
                                    "",
                                    "",
                                    "",
                                    ""};
  };
  if (shown < profile.kernels.size())
    all.push_back(summary(fmt::format("({} others)", profile.kernels.size() - shown),
                          fmt::format("{}", rest.launches), rest.total_s));
  all.push_back(summary("(gaps)", "", profile.gaps_s));
  all.push_back(summary("sum", fmt::format("{}", launches), profile.sample_s));

  // The name gets the room that the other columns leave.
  std::size_t used = 0;
  for (std::size_t column = 1; column < std::size(kHeaders); ++column) {
    std::size_t width = 0;
    for (const auto& row : all)
      width = std::max(width, row[column].size());
    if (width > 0)
      used += 2 + std::max(width, kHeaders[column].size());
  }
  const std::size_t room = std::max(kLeastName, kWidth - std::min(kWidth, used));
  for (std::size_t i = 0; i < shown; ++i)
    all[i][0] = explain::short_kernel_name(profile.kernels[i].name, room);
  Columns columns(std::vector<std::string>(std::begin(kHeaders), std::end(kHeaders)));
  for (auto& row : all)
    columns.add(std::move(row));
  return columns.text(style);
}

/// "8 steps of 90.51 ms at 1.428 GHz, 90.12 while the profiler slept: it costs +0.4 %; timed 89.36
/// ms at 1.430 GHz"
std::string overhead_line(const CaseResult& result) {
  const KernelProfile& profile = *result.profile;
  const auto at = [](std::optional<double> f_hz) {
    return f_hz ? fmt::format(" at {:.3f} GHz", *f_hz / 1e9) : std::string();
  };
  std::string line =
      fmt::format("{} {} of {}{}", profile.samples, result.kind == "loop" ? "steps" : "launches",
                  time_text(profile.sample_s), at(profile.f_hz));
  if (profile.plain_sample_s)
    line += fmt::format(", {} while the profiler slept: it costs {:+.1f} %",
                        time_text(*profile.plain_sample_s),
                        100 * (profile.sample_s / *profile.plain_sample_s - 1));
  const std::vector<double> times = compare::pooled(result, &results::Samples::t_s);
  if (times.empty())
    return line;
  const std::vector<double> frequencies = compare::pooled(result, &results::Samples::f_hz);
  std::optional<double> f_hz;
  if (!frequencies.empty())
    f_hz = stats::median(frequencies);
  return line + fmt::format("; timed {}{}", time_text(stats::median(times)), at(f_hz));
}

std::string rate_text(double bytes_per_s) {
  return bytes_per_s >= 1e12 ? fmt::format("{:.2f} TB/s", bytes_per_s / 1e12)
                             : fmt::format("{:.0f} GB/s", bytes_per_s / 1e9);
}

/// What a step moves and how near that and its products come to what was measured.
std::string roofline_lines(const results::Result& result, const CaseResult& loop) {
  const std::optional<compare::Roofline> roof = compare::roofline(result, loop);
  if (!roof)
    return "";
  const results::Counters& counters = *loop.profile->counters;
  std::string text = fmt::format(
      "a step: {} read, {} written, L2 hits {}, tensor pipes at work in {} of its cycles\n",
      bytes_text(counters.dram_read_bytes), bytes_text(counters.dram_written_bytes),
      share_text(counters.l2_hit_rate), share_text(counters.tensor_utilization));
  const auto of = [](std::optional<double> share, const char* what, const std::string& whole) {
    return share ? fmt::format(" is {:.0f} % of {} ({})", 100 * *share, what, whole) : "";
  };
  const auto memory = roof->memory_share(), tensor = roof->tensor_share();
  text += rate_text(roof->bytes / roof->t_s) +
          of(memory, "the copy", memory ? rate_text(*roof->copy_bytes_per_s) : "");
  if (roof->flop > 0)
    text += fmt::format(
        ", {:.0f} TFLOP/s{}", roof->flop / roof->t_s / 1e12,
        of(tensor, "the product",
           tensor ? fmt::format("{:.0f} TFLOP/s", *roof->matmul_flop_per_s / 1e12) : ""));
  if (memory && tensor)
    text += *tensor >= *memory ? ": nearer to the tensor cores' bound"
                               : ": nearer to the memory's bound";
  return text + '\n';
}

} // namespace

std::string kernel_tables(const results::Result& result, int rows, const Style& style) {
  std::string text;
  std::set<std::string> messages;
  bool any = false;
  for (const CaseResult& c : result.cases)
    if (c.profile) {
      messages.insert(c.profile->message);
      any = any || !c.profile->kernels.empty();
    }
  if (!any && messages.size() == 1)
    return fmt::format("\n{}\n", style.yellow("no kernel tables: " + *messages.begin()));
  for (const CaseResult& c : result.cases) {
    if (!c.profile)
      continue;
    const KernelProfile& profile = *c.profile;
    text += fmt::format("\n{}", style.bold("kernels of " + c.id));
    if (!profile.source.empty())
      text += fmt::format(", by {}", profile.source);
    text += '\n';
    if (!profile.message.empty())
      text += style.yellow(profile.message) + '\n';
    if (!profile.counters_message.empty())
      text += style.yellow(profile.counters_message) + '\n';
    if (!profile.kernels.empty())
      text += fmt::format("{}\n{}\n{}", overhead_line(c), roofline_lines(result, c),
                          text_of(profile, static_cast<std::size_t>(std::max(rows, 1)), style));
  }
  return text;
}

} // namespace bench::text
