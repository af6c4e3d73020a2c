#include <bench/compare/loop_share.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

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

} // namespace

std::vector<LoopShare> loop_shares(const CaseResult& kernel, const stats::Interval& work,
                                   const results::Result& result) {
  const std::string family = parameter(kernel, "family");
  std::vector<LoopShare> shares;
  if (kernel.kind != "kernel" || family.empty())
    return shares;
  for (const CaseResult& c : result.cases) {
    if (c.kind != "loop" || !c.profile || c.profile->sample_s <= 0 ||
        parameter(c, family) != parameter(kernel, "path")) {
      continue;
    }
    double total_s = 0;
    for (const results::ProfiledKernel& each : c.profile->kernels)
      total_s += is_of(each, family) ? each.total_s : 0;
    if (total_s > 0) {
      const std::string loop = parameter(c, "loop");
      const double share = total_s / c.profile->sample_s;
      shares.push_back({.loop = loop.empty() ? c.id : loop,
                        .id = c.id,
                        .operation = family,
                        .share = share,
                        .drift = share * std::expm1(work.estimate)});
    }
  }
  std::ranges::stable_sort(shares, std::ranges::greater(), &LoopShare::share);
  return shares;
}

std::string to_text(const std::vector<LoopShare>& shares, const stats::Interval& work) {
  if (shares.empty())
    return "";
  std::string text = fmt::format("{:+.2f} % of {} is about ", 100 * std::expm1(work.estimate),
                                 shares.front().operation);
  for (std::size_t i = 0; i < std::min(kMostNamed, shares.size()); ++i) {
    text +=
        fmt::format("{}{:+.2f} % of {}", i == 0 ? "" : ", ", 100 * shares[i].drift, shares[i].loop);
  }
  return text;
}

} // namespace bench::compare
