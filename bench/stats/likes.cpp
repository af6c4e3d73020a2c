#include <bench/stats/likes.h>
#include <bench/stats/percent.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

namespace bench::stats {
namespace {

/// Replicates of one GPU, or those among them whose copies are alike.
struct Set {
  std::vector<std::size_t> base;
  std::vector<std::size_t> fresh;
};

struct Member {
  double anchor = 0;
  bool is_base = false;
  std::size_t index = 0;
};

using Arms = std::pair<std::span<const Observation>, std::span<const Observation>>;

std::map<std::string, Set> by_device(const Arms& arms) {
  std::map<std::string, Set> sets;
  for (std::size_t i = 0; i < arms.first.size(); ++i)
    sets[arms.first[i].device].base.push_back(i);
  for (std::size_t i = 0; i < arms.second.size(); ++i)
    sets[arms.second[i].device].fresh.push_back(i);
  return sets;
}

/// Replicates of a GPU by whether their process timed a copy.
struct ByCopy {
  Set known;
  Set unknown;
};

ByCopy by_copy(const Arms& arms, const Set& set) {
  ByCopy result;
  for (const std::size_t index : set.base)
    (arms.first[index].log_anchor ? result.known : result.unknown).base.push_back(index);
  for (const std::size_t index : set.fresh)
    (arms.second[index].log_anchor ? result.known : result.unknown).fresh.push_back(index);
  return result;
}

/// Wants replicates with a copy.
std::vector<Set> clusters(const Arms& arms, const Set& known, double tolerance) {
  std::vector<Member> members;
  for (const std::size_t index : known.base)
    members.push_back({*arms.first[index].log_anchor, true, index});
  for (const std::size_t index : known.fresh)
    members.push_back({*arms.second[index].log_anchor, false, index});
  std::ranges::stable_sort(members, {}, &Member::anchor);
  std::vector<Set> result;
  double last = -std::numeric_limits<double>::infinity();
  for (const Member& member : members) {
    if (member.anchor - last > tolerance)
      result.emplace_back();
    (member.is_base ? result.back().base : result.back().fresh).push_back(member.index);
    last = member.anchor;
  }
  return result;
}

std::size_t smaller_arm(const Set& set) {
  return std::min(set.base.size(), set.fresh.size());
}

std::size_t size(const Set& set) {
  return set.base.size() + set.fresh.size();
}

void append(std::vector<std::size_t>& to, const std::vector<std::size_t>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void compare(Likes& likes, const Set& set) {
  append(likes.base, set.base);
  append(likes.fresh, set.fresh);
}

void set_aside(Likes& likes, const Set& set) {
  append(likes.base_set_aside, set.base);
  append(likes.fresh_set_aside, set.fresh);
}

/// Wants replicates with a copy.
double mean_anchor(std::span<const Observation> arm, const std::vector<std::size_t>& indices) {
  double sum = 0;
  for (const std::size_t index : indices)
    sum += arm[index].log_anchor.value();
  return sum / static_cast<double>(indices.size());
}

/// Of a GPU that only one arm has, the largest cluster; of a GPU that both have, the one that holds
/// most of the arm that holds less. The fastest copy's where several are equal. Replicates without
/// a copy, of which nothing is known, go with it.
void choose_of_device(Likes& likes, const Arms& arms, const Set& set, double tolerance) {
  const auto [known, unknown] = by_copy(arms, set);
  const std::vector<Set> choices = clusters(arms, known, tolerance);
  const auto best = std::ranges::max_element(
      choices, {}, [](const Set& choice) { return std::pair{smaller_arm(choice), size(choice)}; });
  const bool tells_arms_apart = likes.same_device && smaller_arm(known) > 0;
  const bool fits = !tells_arms_apart || smaller_arm(*best) > 0;
  for (auto choice = choices.begin(); choice != choices.end(); ++choice)
    if (fits && choice == best)
      compare(likes, *choice);
    else
      set_aside(likes, *choice);
  (fits ? compare : set_aside)(likes, unknown);
  if (!fits && likes.reason.empty()) {
    const double gap = mean_anchor(arms.second, known.fresh) - mean_anchor(arms.first, known.base);
    likes.reason = "the memory copies of the two arms differ by " + percent(std::abs(gap)) +
                   ": the machine is in another mode";
  }
}

/// Mean log time of the copies of each GPU's chosen replicates; nothing where a GPU has none.
std::optional<std::map<std::string, double>> anchors(std::span<const Observation> arm,
                                                     const std::vector<std::size_t>& chosen) {
  std::map<std::string, std::vector<std::size_t>> of_device;
  for (const std::size_t index : chosen) {
    std::vector<std::size_t>& known = of_device[arm[index].device];
    if (arm[index].log_anchor)
      known.push_back(index);
  }
  std::map<std::string, double> means;
  for (const auto& [device, known] : of_device) {
    if (known.empty())
      return std::nullopt;
    means[device] = mean_anchor(arm, known);
  }
  return means;
}

/// Moves to `aside` the `chosen` replicates of GPUs whose copies are unlike all of `others`.
void keep_alike(std::span<const Observation> arm, std::vector<std::size_t>& chosen,
                std::vector<std::size_t>& aside, const std::map<std::string, double>& own,
                const std::map<std::string, double>& others, double tolerance) {
  const auto unlike = std::ranges::stable_partition(chosen, [&](std::size_t index) {
    const double anchor = own.at(arm[index].device);
    return std::ranges::any_of(
        others, [&](const auto& other) { return std::abs(other.second - anchor) <= tolerance; });
  });
  aside.insert(aside.end(), unlike.begin(), unlike.end());
  chosen.erase(unlike.begin(), unlike.end());
}

/// Leaves only GPUs that are alike, where any are.
void choose_alike_devices(Likes& likes, const Arms& arms, double tolerance) {
  const auto base = anchors(arms.first, likes.base), fresh = anchors(arms.second, likes.fresh);
  if (!base || !fresh)
    return;
  Likes alike = likes;
  keep_alike(arms.first, alike.base, alike.base_set_aside, *base, *fresh, tolerance);
  keep_alike(arms.second, alike.fresh, alike.fresh_set_aside, *fresh, *base, tolerance);
  if (alike.base.empty() || alike.fresh.empty())
    return;
  likes = std::move(alike);
  likes.alike_devices = true;
}

} // namespace

Likes choose_likes(std::span<const Observation> base, std::span<const Observation> fresh,
                   double anchor_tolerance, double kind_tolerance) {
  const Arms arms{base, fresh};
  const std::map<std::string, Set> devices = by_device(arms);
  Likes likes;
  likes.same_device =
      std::ranges::any_of(devices, [](const auto& item) { return smaller_arm(item.second) > 0; });
  for (const auto& [device, set] : devices)
    if (!likes.same_device || smaller_arm(set) > 0)
      choose_of_device(likes, arms, set, anchor_tolerance);
  if (!likes.base.empty())
    likes.reason.clear(); // another GPU that both arms have can be compared
  if (kind_tolerance > 0 && !likes.same_device)
    choose_alike_devices(likes, arms, kind_tolerance);
  for (auto* indices : {&likes.base, &likes.fresh, &likes.base_set_aside, &likes.fresh_set_aside})
    std::ranges::sort(*indices);
  return likes;
}

} // namespace bench::stats
