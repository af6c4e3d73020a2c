#include <bench/compare/explain.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>

namespace bench::compare {
namespace {

using results::KernelProfile;
using results::ProfiledKernel;

/// Past this difference of log clocks the slopes lead astray (stats::Rules::farthest_clock).
constexpr double kFarthestClock = 0.05;
/// Tensor pipes that are busy for so much of a kernel's cycles bound it; those of a norm idle.
constexpr double kTensorBound = 0.25;

/// All launches of one kernel with one grid by one operation, whatever their blocks.
struct Launches {
  std::string name;
  std::string operation;
  std::array<std::int64_t, 3> grid{};
  std::int64_t count = 0;
  double total_s = 0;
  double work_s = 0; ///< total_s at the base's clock
  bool compute = false;
  bool matched = false;

  auto key() const { return std::tie(operation, name, grid); }
  double launch_s() const { return count > 0 ? work_s / static_cast<double>(count) : 0; }
};

bool by_name_compute(std::string_view name) {
  constexpr std::string_view kWords[] = {"gemm", "nvjet",       "xmma", "cutlass",
                                         "sdpa", "flash_fprop", "fmha", "flash_fwd"};
  return std::ranges::any_of(kWords,
                             [&](std::string_view word) { return name.find(word) != name.npos; });
}

bool is_compute(const ProfiledKernel& kernel) {
  if (kernel.counters) {
    return kernel.counters->tensor_utilization >= kTensorBound;
  }
  return kernel.operation == "linear" || kernel.operation == "attention" ||
         (kernel.operation == "other" && by_name_compute(kernel.name));
}

/// The longest first.
std::vector<Launches> launches_of(const KernelProfile& profile) {
  std::vector<Launches> all;
  for (const ProfiledKernel& kernel : profile.kernels) {
    Launches one{.name = kernel.name, .operation = kernel.operation, .grid = kernel.grid};
    const auto known =
        std::ranges::find_if(all, [&](const Launches& each) { return each.key() == one.key(); });
    Launches& target = known == all.end() ? all.emplace_back(std::move(one)) : *known;
    target.count += kernel.launches;
    target.total_s += kernel.total_s;
    target.compute = target.compute || is_compute(kernel);
  }
  for (Launches& each : all) {
    each.work_s = each.total_s;
  }
  std::ranges::stable_sort(all, std::ranges::greater(), &Launches::total_s);
  return all;
}

/// Slopes of the two kinds whose mean over the profile is the case's own. Nothing gets faster by
/// more than the clock does: compute that would is held at -1, and memory takes what is left.
ClockSlopes share_out(double slope, double sample_s, const std::vector<Launches>& all) {
  double compute_s = 0, memory_s = 0;
  for (const Launches& each : all) {
    (each.compute ? compute_s : memory_s) += each.total_s;
  }
  ClockSlopes slopes;
  if (compute_s > 0) {
    slopes.compute = std::max(-1.0, slope * sample_s / compute_s);
  }
  if (memory_s > 0) {
    slopes.memory =
        std::clamp((slope * sample_s - slopes.compute * compute_s) / memory_s, -1.0, 0.0);
  }
  return slopes;
}

/// Pairs launches that `alike` says are, each with the longest that is left.
template <typename Alike, typename Found>
void match(std::vector<Launches>& base, std::vector<Launches>& fresh, const Alike& alike,
           const Found& found) {
  for (Launches& before : base) {
    const auto now =
        before.matched ? fresh.end() : std::ranges::find_if(fresh, [&](const Launches& each) {
          return !each.matched && alike(before, each);
        });
    if (now != fresh.end()) {
      before.matched = now->matched = true;
      found(before, *now);
    }
  }
}

class Splitter {
 public:
  Splitter(const KernelProfile& base, const KernelProfile& fresh)
      : base_(launches_of(base)), fresh_(launches_of(fresh)) {}

  std::vector<Launches>& fresh() { return fresh_; }

  std::vector<OperationDrift> operations() {
    for (const Launches& each : base_) {
      OperationDrift& operation = operation_of(each);
      operation.base_launches += each.count;
      operation.base_s += each.total_s;
    }
    for (const Launches& each : fresh_) {
      OperationDrift& operation = operation_of(each);
      operation.new_launches += each.count;
      operation.new_s += each.work_s;
    }
    match_all();
    for (const Launches& each : base_) {
      if (!each.matched) {
        add(each, {.change = Change::vanished,
                   .kernel = each.name,
                   .grid = each.grid,
                   .base_launches = each.count,
                   .base_launch_s = each.launch_s(),
                   .drift_s = -each.work_s});
      }
    }
    for (const Launches& each : fresh_) {
      if (!each.matched) {
        add(each, {.change = Change::appeared,
                   .kernel = each.name,
                   .grid = each.grid,
                   .new_launches = each.count,
                   .new_launch_s = each.launch_s(),
                   .drift_s = each.work_s});
      }
    }
    return sorted();
  }

 private:
  void match_all() {
    match(
        base_, fresh_, [](const Launches& a, const Launches& b) { return a.key() == b.key(); },
        [&](const Launches& a, const Launches& b) { add_same(a, b); });
    // "[memset]" is no kernel that one could take the place of.
    const auto is_kernel = [](const Launches& each) { return !each.name.starts_with('['); };
    const auto same = [&](const Launches& a, const Launches& b) {
      return a.operation == b.operation && a.count == b.count && is_kernel(a) == is_kernel(b);
    };
    match(
        base_, fresh_,
        [&](const Launches& a, const Launches& b) { return same(a, b) && a.name == b.name; },
        [&](const Launches& a, const Launches& b) { add_other(a, b, Change::other_grid); });
    const auto add_replaced = [&](const Launches& a, const Launches& b) {
      add_other(a, b, Change::replaced);
    };
    match(
        base_, fresh_,
        [&](const Launches& a, const Launches& b) { return same(a, b) && a.grid == b.grid; },
        add_replaced);
    // "other" is no operation: as many launches there mean nothing.
    match(
        base_, fresh_,
        [&](const Launches& a, const Launches& b) { return same(a, b) && a.operation != "other"; },
        add_replaced);
  }

  /// n1 m1 - n0 m0 = (n1 - n0) m0 + n1 (m1 - m0): launches at the base's time of one, then speed.
  void add_same(const Launches& before, const Launches& now) {
    Part part{.kernel = before.name,
              .grid = before.grid,
              .base_launches = before.count,
              .new_launches = now.count,
              .base_launch_s = before.launch_s(),
              .new_launch_s = now.launch_s()};
    const std::int64_t more = now.count - before.count;
    if (more != 0) {
      part.change = more > 0 ? Change::more_launches : Change::fewer_launches;
      part.drift_s = static_cast<double>(more) * part.base_launch_s;
      add(before, part);
    }
    part.drift_s = static_cast<double>(now.count) * (part.new_launch_s - part.base_launch_s);
    if (part.drift_s != 0) {
      part.change = part.drift_s > 0 ? Change::slower : Change::faster;
      add(before, part);
    }
  }

  void add_other(const Launches& before, const Launches& now, Change change) {
    add(before, {.change = change,
                 .kernel = before.name,
                 .new_kernel = change == Change::replaced ? now.name : "",
                 .grid = before.grid,
                 .new_grid = now.grid,
                 .base_launches = before.count,
                 .new_launches = now.count,
                 .base_launch_s = before.launch_s(),
                 .new_launch_s = now.launch_s(),
                 .drift_s = now.work_s - before.work_s});
  }

  OperationDrift& operation_of(const Launches& launches) {
    OperationDrift& operation = operations_[launches.operation];
    operation.operation = launches.operation;
    return operation;
  }

  void add(const Launches& launches, Part part) {
    operation_of(launches).parts.push_back(std::move(part));
  }

  std::vector<OperationDrift> sorted() {
    std::vector<OperationDrift> result;
    for (auto& [name, operation] : operations_) {
      std::ranges::stable_sort(operation.parts, std::ranges::greater(),
                               [](const Part& part) { return std::abs(part.drift_s); });
      result.push_back(std::move(operation));
    }
    std::ranges::stable_sort(result, std::ranges::greater(), [](const OperationDrift& operation) {
      return std::abs(operation.drift_s());
    });
    return result;
  }

  std::vector<Launches> base_;
  std::vector<Launches> fresh_;
  std::map<std::string, OperationDrift> operations_;
};

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

std::string_view to_string(Change change) {
  switch (change) {
  case Change::appeared:
    return "appeared";
  case Change::vanished:
    return "vanished";
  case Change::more_launches:
    return "more launches";
  case Change::fewer_launches:
    return "fewer launches";
  case Change::slower:
    return "slower";
  case Change::faster:
    return "faster";
  case Change::replaced:
    return "replaced";
  case Change::other_grid:
    return "other grid";
  }
  throw std::invalid_argument("no such Change");
}

double OperationDrift::drift_s() const {
  return std::accumulate(parts.begin(), parts.end(), 0.0,
                         [](double sum, const Part& part) { return sum + part.drift_s; });
}

double Explanation::work_s() const {
  double sum = gaps_s + unaccounted_s;
  for (const OperationDrift& operation : operations) {
    sum += operation.drift_s();
  }
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
  Splitter splitter(base, fresh);
  set_clock(base, fresh, slope, splitter.fresh(), result);
  result.operations = splitter.operations();
  for (const auto& [profile, name] : {std::pair{&base, "base"}, std::pair{&fresh, "new one"}}) {
    if (!profile->message.empty()) {
      result.notes.push_back(fmt::format("profile of the {}: {}", name, profile->message));
    }
  }
  return result;
}

std::string no_profile(const results::CaseResult& c) {
  constexpr std::string_view kMend = "`bench run --profile-kernels` takes one";
  if (!c.profile) {
    return fmt::format("no profile of its kernels; {}", kMend);
  }
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
  if (!no_profile(base).empty() || !no_profile(fresh).empty()) {
    return std::nullopt;
  }
  Explanation result =
      explain(*base.profile, *fresh.profile, stats::slope_between_processes(slope, covariates));
  result.timed = std::expm1(work.estimate);
  if (std::isfinite(work.half_width)) {
    result.timed_half_width = std::exp(work.estimate) * std::sinh(work.half_width);
  }
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

} // namespace bench::compare
