#include <bench/compare/plausibility.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace bench::compare {
namespace {

constexpr double kAboveCopy = 1.25;   // measured: up to 1.01, of launches of 2 us up to 1.23
constexpr double kAboveProduct = 1.1; // measured: up to 0.95

/// Share of the root mean square that an element may be off. Measured, of all families on H200s: up
/// to 0.10 in bf16 where a path rounds after each operator, 0.004 in fp16, 1e-6 in fp32.
double most_error(const std::string& dtype) {
  return dtype == "fp32" ? 1e-3 : dtype == "fp16" ? 0.03 : 0.25;
}

/// "" or how a state, before or after a case, differs from the facts.
std::string changed_since(const results::Facts& facts, const std::map<std::string, double>& state) {
  for (const auto& [key, name, unit, symbol] : results::kGpuLimits) {
    const std::string* then = results::find_fact(facts, "gpu", key);
    const auto now = state.find(key);
    if (then && now != state.end() && *then != fmt::format("{:.0f}", now->second))
      return fmt::format("the {} was {:.0f} {} when the run began, {:.0f} {} when it was measured",
                         name, std::strtod(then->c_str(), nullptr) / unit, symbol,
                         now->second / unit, symbol);
  }
  return "";
}

} // namespace

std::string setting_changed(const results::Result& run, const results::CaseResult& part) {
  const results::CaseResult* known = find_case(run, part.id);
  for (const results::Replicate& replicate : part.replicates) {
    for (const char* when : {"before", "after"})
      if (const auto state = replicate.machine.find(when); state != replicate.machine.end())
        if (std::string change = changed_since(run.machine, state->second); !change.empty())
          return change;
    if (known && looked_locked(replicate) &&
        !std::ranges::all_of(known->replicates, results::looked_locked))
      return "the SM clock looks locked by hand, and did not in an earlier process";
  }
  return "";
}

std::string impossible_speed(const results::CaseResult& result) {
  if (result.replicates.empty() || result.replicates.back().samples.t_s.empty())
    return "";
  const double t_s = stats::median(result.replicates.back().samples.t_s);
  if (const auto copy_t_s = result.reference.copy_t_s;
      result.kind == "kernel" && copy_t_s && *copy_t_s > kAboveCopy * t_s)
    return fmt::format(
        "{:.2f} us a launch is {:.0f} % of the speed of a copy of the same bytes: its "
        "work cannot have been done",
        t_s * 1e6, 100 * *copy_t_s / t_s);
  if (auto peak = result.reference.matmul_flop_per_s; result.kind == "loop" && peak) {
    // The power limit sets the clock by what the numbers are: zeros run at one a third higher.
    const std::vector<double>& clocks = result.replicates.back().samples.f_hz;
    const bool at_one_clock =
        result.reference.matmul_f_hz &&
        std::ranges::all_of(clocks, [](double f_hz) { return std::isfinite(f_hz); });
    if (at_one_clock)
      *peak *= stats::median(clocks) / *result.reference.matmul_f_hz;
    if (result.flop > kAboveProduct * *peak * t_s)
      return fmt::format("{:.0f} TFLOP/s is {:.0f} % of a large matrix product's{}: its work "
                         "cannot have been done",
                         result.flop / t_s / 1e12, 100 * result.flop / t_s / *peak,
                         at_one_clock ? " at the same clock" : "");
  }
  return "";
}

std::string wrong_output(const results::CaseResult& result) {
  const auto dtype = result.parameters.find("dtype");
  const auto error = result.check.max_abs_error, rms = result.check.rms;
  if (result.kind != "kernel" || dtype == result.parameters.end() || !error || !rms ||
      *error <= most_error(dtype->second) * *rms)
    return "";
  return fmt::format("the output is up to {:.2g} off the fp64 result, whose root mean square is "
                     "{:.2g}: it is wrong, so its speed means nothing",
                     *error, *rms);
}

} // namespace bench::compare
