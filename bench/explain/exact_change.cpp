#include <bench/explain/exact_change.h>
#include <bench/explain/kernel_name.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace bench::explain {
namespace {

using results::CaseResult;
using results::KernelProfile;

using Counts = std::map<std::string, std::int64_t>;

constexpr std::size_t kMostNamed = 3;
constexpr std::size_t kNameWidth = 36;

std::int64_t sum(const Counts& counts) {
  std::int64_t launches = 0;
  for (const auto& [name, count] : counts)
    launches += count;
  return launches;
}

std::int64_t delta(const KernelCount& kernel) {
  return kernel.fresh - kernel.base;
}

std::vector<KernelCount> differences(const Counts& base, const Counts& fresh) {
  if (base == fresh) // as nearly always: then no name need be copied
    return {};
  Counts names = base;
  names.insert(fresh.begin(), fresh.end());
  const auto count = [](const Counts& counts, const std::string& name) {
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
  };
  std::vector<KernelCount> changed;
  for (const auto& [name, ignored] : names) {
    const KernelCount kernel{.name = name, .base = count(base, name), .fresh = count(fresh, name)};
    if (delta(kernel) != 0)
      changed.push_back(kernel);
  }
  std::ranges::stable_sort(changed, std::ranges::greater(),
                           [](const KernelCount& kernel) { return std::abs(delta(kernel)); });
  return changed;
}

Counts counts_of(const KernelProfile& profile) {
  Counts counts;
  for (const results::ProfiledKernel& kernel : profile.kernels)
    counts[kernel.name] += kernel.launches;
  return counts;
}

bool complete(const std::optional<KernelProfile>& profile) {
  return profile && profile->message.empty() && !profile->kernels.empty();
}

} // namespace

bool ExactChange::empty() const {
  const bool counted = base_launches && new_launches;
  return kernels.empty() && (!counted || *base_launches == *new_launches);
}

ExactChange exact_change(const CaseResult& base, const CaseResult& fresh) {
  ExactChange change{.base_launches = base.launches, .new_launches = fresh.launches};
  if (!base.kernels.empty() && !fresh.kernels.empty())
    change.kernels = differences(base.kernels, fresh.kernels);
  if (change.empty() && complete(base.profile) && complete(fresh.profile)) {
    const Counts before = counts_of(*base.profile), now = counts_of(*fresh.profile);
    ExactChange seen{.base_launches = sum(before),
                     .new_launches = sum(now),
                     .kernels = differences(before, now),
                     .from_profile = true};
    if (!seen.empty())
      return seen;
  }
  return change;
}

std::string to_text(const ExactChange& change) {
  if (change.empty())
    return "";
  std::string text = change.from_profile ? "in the profile " : "";
  const bool counted = change.base_launches && change.new_launches;
  if (counted && *change.base_launches != *change.new_launches)
    text += fmt::format("launches {} -> {}", *change.base_launches, *change.new_launches);
  else if (counted)
    text += fmt::format("other kernels in as many launches ({})", *change.new_launches);
  else
    text += "other launches";
  std::string_view separator = ": ";
  for (std::size_t i = 0; i < std::min(kMostNamed, change.kernels.size()); ++i) {
    text += fmt::format("{}{:+d} {}", separator, delta(change.kernels[i]),
                        short_kernel_name(change.kernels[i].name, kNameWidth));
    separator = ", ";
  }
  if (change.kernels.size() > kMostNamed)
    text += fmt::format(" and {} more", change.kernels.size() - kMostNamed);
  return text;
}

} // namespace bench::explain
