#include <bench/explain/explain.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace bench::explain {
namespace {

using results::KernelProfile;
using results::ProfiledKernel;

/// Past this difference of log clocks the slopes lead astray (stats::Rules::farthest_clock).
constexpr double kFarthestClock = 0.05;

/// Slopes of the two kinds whose mean over the profile is the case's own. Nothing gets faster by
/// more than the clock does: compute that would is held at -1, and memory takes what is left.
ClockSlopes share_out(double slope, double sample_s, const std::vector<Launches>& all) {
  double compute_s = 0, memory_s = 0;
  for (const Launches& each : all)
    (each.compute ? compute_s : memory_s) += each.total_s;
  ClockSlopes slopes;
  if (compute_s > 0)
    slopes.compute = std::max(-1.0, slope * sample_s / compute_s);
  if (memory_s > 0) {
    slopes.memory =
        std::clamp((slope * sample_s - slopes.compute * compute_s) / memory_s, -1.0, 0.0);
  }
  return slopes;
}

double kernels_s(const KernelProfile& profile) {
  return std::accumulate(profile.kernels.begin(), profile.kernels.end(), 0.0,
                         [](double sum, const ProfiledKernel& k) { return sum + k.total_s; });
}

double unaccounted_s(const KernelProfile& profile) {
  constexpr double kRounding = 1e-14; // of a sample: what summing in another order makes
  const double rest = profile.sample_s - kernels_s(profile) - profile.gaps_s;
  return std::abs(rest) > kRounding * profile.sample_s ? rest : 0;
}

/// Takes the new launches to the base's clock; says what that did.
void set_clock(const KernelProfile& base, const KernelProfile& fresh, std::optional<double> slope,
               std::vector<Launches>& launches, Explanation& result) {
  if (!base.f_hz || !fresh.f_hz) {
    result.notes.push_back(
        fmt::format("the clock of the {} is not known: kernels are compared as they were profiled",
                    base.f_hz ? "new profile" : "base's profile"));
    return;
  }
  if (!slope) {
    result.notes.emplace_back("the timed samples do not show how the case follows the SM clock: "
                              "kernels are compared as they were profiled");
    return;
  }
  result.slopes = share_out(*slope, fresh.sample_s, launches);
  const double farther = std::log(*fresh.f_hz / *base.f_hz);
  if (std::abs(farther) > kFarthestClock) {
    result.notes.push_back(
        fmt::format("the profiles' clocks are {:.0f} % apart: what kernels take at one clock is "
                    "an indication",
                    100 * std::abs(std::expm1(farther))));
  }
  for (Launches& each : launches) {
    const double own = each.compute ? result.slopes->compute : result.slopes->memory;
    each.work_s = each.total_s * std::exp(-own * farther);
    result.clock_s += each.total_s - each.work_s;
  }
}

} // namespace

double Explanation::work_s() const {
  double sum = gaps_s + unaccounted_s;
  for (const OperationDrift& operation : operations)
    sum += operation.drift_s();
  return sum;
}

double Explanation::drift_s() const {
  return work_s() + clock_s;
}

double Explanation::work() const {
  return work_s() / base_sample_s;
}

std::optional<double> Explanation::residual() const {
  return timed ? std::optional(work() - *timed) : std::nullopt;
}

Explanation explain(const KernelProfile& base, const KernelProfile& fresh,
                    std::optional<double> slope) {
  Explanation result{.base_source = base.source,
                     .new_source = fresh.source,
                     .base_sample_s = base.sample_s,
                     .new_sample_s = fresh.sample_s,
                     .base_hz = base.f_hz,
                     .new_hz = fresh.f_hz,
                     .base_bytes = counted_bytes(base),
                     .new_bytes = counted_bytes(fresh),
                     .gaps_s = fresh.gaps_s - base.gaps_s,
                     .unaccounted_s = unaccounted_s(fresh) - unaccounted_s(base)};
  std::vector<Launches> launches = launches_of(fresh);
  set_clock(base, fresh, slope, launches, result);
  result.operations = operation_drifts(launches_of(base), std::move(launches));
  for (const auto& [profile, name] : {std::pair{&base, "base"}, std::pair{&fresh, "new one"}})
    if (!profile->message.empty())
      result.notes.push_back(fmt::format("profile of the {}: {}", name, profile->message));
  return result;
}

std::string no_profile(const results::CaseResult& c) {
  constexpr std::string_view kMend = "`bench run --profile-kernels` takes one";
  if (!c.profile)
    return fmt::format("no profile of its kernels; {}", kMend);
  if (c.profile->kernels.empty() || c.profile->sample_s <= 0) {
    return fmt::format("its profile has no kernels{}{}; {}", c.profile->message.empty() ? "" : ": ",
                       c.profile->message, kMend);
  }
  return "";
}

std::optional<Explanation> explain(const results::CaseResult& base,
                                   const results::CaseResult& fresh, std::optional<double> slope,
                                   const stats::Covariates& covariates, const stats::Interval& work,
                                   bool same_device) {
  if (!no_profile(base).empty() || !no_profile(fresh).empty())
    return std::nullopt;
  Explanation result =
      explain(*base.profile, *fresh.profile, stats::slope_between_processes(slope, covariates));
  result.timed = std::expm1(work.estimate);
  if (std::isfinite(work.half_width))
    result.timed_half_width = std::exp(work.estimate) * std::sinh(work.half_width);
  if (!same_device) {
    result.notes.emplace_back(
        "base and new are of different GPUs, whose kernels differ by themselves");
  }
  return result;
}

std::string moved_most(const Explanation& explanation) {
  constexpr std::size_t kMost = 3;
  constexpr double kLeast = 5e-5; // of a sample: less reads 0.00 %
  std::string text;
  std::size_t named = 0;
  for (const OperationDrift& operation : explanation.operations) {
    const double share = operation.drift_s() / explanation.base_sample_s;
    if (std::abs(share) >= kLeast && named++ < kMost) {
      text +=
          fmt::format("{}{} {:+.2f} %", text.empty() ? "" : ", ", operation.operation, 100 * share);
    }
  }
  if (const double share = explanation.gaps_s / explanation.base_sample_s;
      std::abs(share) >= kLeast) {
    text += fmt::format("{}gaps {:+.2f} %", text.empty() ? "" : ", ", 100 * share);
  }
  return text;
}

} // namespace bench::explain
