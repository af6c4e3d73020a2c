#include <bench/compare/judged_samples.h>
#include <bench/compare/loop_share.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

namespace bench::compare {
namespace {

using results::CaseResult;

constexpr std::size_t kMostNamed = 2;

std::string parameter(const CaseResult& c, const std::string& key) {
  const auto found = c.parameters.find(key);
  return found == c.parameters.end() ? "" : found->second;
}

/// A block may call the variant that writes over its input; the kernel is the same.
bool is_of(const results::ProfiledKernel& kernel, const std::string& family) {
  return kernel.operation == family || kernel.operation == family + "_in_place";
}

double median_time(const CaseResult& c) {
  const std::vector<double> times = pooled(c, &results::Samples::t_s);
  return times.empty() ? 0 : stats::median(times);
}

/// By the profile, which names each kernel's operation.
double profiled_share(const results::KernelProfile& profile, const std::string& family) {
  double total_s = 0;
  for (const results::ProfiledKernel& each : profile.kernels)
    total_s += is_of(each, family) ? each.total_s : 0;
  return profile.sample_s > 0 ? total_s / profile.sample_s : 0;
}

/// How often a step of the loop may launch all kernels that the case consists of.
double launches_in(const CaseResult& loop, const CaseResult& kernel) {
  if (kernel.kernels.empty())
    return 0;
  double launches = std::numeric_limits<double>::max();
  for (const auto& [name, of_launch] : kernel.kernels) {
    const auto of_step = loop.kernels.find(name);
    launches =
        std::min(launches, of_step == loop.kernels.end()
                               ? 0
                               : static_cast<double>(of_step->second) /
                                     static_cast<double>(std::max<std::int64_t>(of_launch, 1)));
  }
  return launches;
}

} // namespace

Loops::Loops(const results::Result& result) {
  for (const CaseResult& c : result.cases) {
    if (c.kind != "loop")
      continue;
    const double step_s = c.profile ? 0 : median_time(c);
    for (const auto& parameter : c.parameters)
      loops_[parameter].push_back({&c, step_s});
  }
}

std::vector<LoopShare> Loops::shares(const CaseResult& kernel, const stats::Interval& work) const {
  const std::string family = parameter(kernel, "family");
  std::vector<LoopShare> shares;
  if (kernel.kind != "kernel" || family.empty())
    return shares;
  const auto of_path = loops_.find({family, parameter(kernel, "path")});
  if (of_path == loops_.end())
    return shares;
  std::optional<double> launch_s; // where a loop wants it
  // By the counts of a recorded loop's kernels: as if each launch of these were of the case's
  // shape, which is at most so where the model has smaller ones, too.
  const auto counted_share = [&](const Loop& loop) {
    const double launches = loop.step_s > 0 ? launches_in(*loop.of, kernel) : 0;
    if (launches > 0 && !launch_s)
      launch_s = median_time(kernel);
    return launches > 0 ? launches * *launch_s / loop.step_s : 0;
  };
  for (const Loop& each : of_path->second) {
    const CaseResult& c = *each.of;
    const double share = c.profile ? profiled_share(*c.profile, family) : counted_share(each);
    if (share > 0) {
      const std::string loop = parameter(c, "loop");
      shares.push_back({.loop = loop.empty() ? c.id : loop,
                        .id = c.id,
                        .operation = family,
                        .share = share,
                        .drift = share * std::expm1(work.estimate),
                        .at_most = !c.profile});
    }
  }
  std::ranges::stable_sort(shares, std::ranges::greater(), &LoopShare::share);
  return shares;
}

std::string to_text(const std::vector<LoopShare>& shares, const stats::Interval& work) {
  if (shares.empty())
    return "";
  std::string text =
      fmt::format("{:+.2f} % of {} is {} ", 100 * std::expm1(work.estimate),
                  shares.front().operation, shares.front().at_most ? "at most" : "about");
  for (std::size_t i = 0; i < std::min(kMostNamed, shares.size()); ++i) {
    text +=
        fmt::format("{}{:+.2f} % of {}", i == 0 ? "" : ", ", 100 * shares[i].drift, shares[i].loop);
  }
  return text;
}

} // namespace bench::compare
