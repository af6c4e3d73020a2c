#include <bench/compare/environment.h>
#include <bench/compare/limits.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace bench::compare {
namespace {

using results::Facts;
using results::Origin;
using results::Result;

using Changes = std::vector<std::pair<std::string, int>>; ///< text, cases

Replicates pick(const Arm& arm, const std::vector<std::size_t>& indices) {
  Replicates picked;
  for (const std::size_t i : indices)
    picked.push_back(arm.replicates[i]);
  return picked;
}

std::set<std::optional<std::size_t>> origins_of(const Replicates& replicates) {
  std::set<std::optional<std::size_t>> indices;
  for (const results::Replicate* replicate : replicates)
    indices.insert(replicate->origin);
  return indices;
}

/// What they have to say; one that says nothing is unknown, not different.
std::set<std::string> values(const std::vector<Origin>& origins, Facts Origin::*facts,
                             const std::string& topic, const std::string& key) {
  std::set<std::string> all;
  for (const Origin& origin : origins)
    if (const std::string* value = results::find_fact(origin.*facts, topic, key))
      all.insert(*value);
  return all;
}

std::set<std::string> keys_of(const std::vector<Origin>& origins, Facts Origin::*facts,
                              const std::string& topic) {
  std::set<std::string> keys;
  for (const Origin& origin : origins) {
    if (const auto found = (origin.*facts).find(topic); found != (origin.*facts).end())
      for (const auto& [key, value] : found->second)
        keys.insert(key);
  }
  return keys;
}

/// The origins of both sides of so many cases.
struct Sides {
  std::vector<Origin> base;
  std::vector<Origin> fresh;
  int cases = 0;

  /// "cudnn 9.1 -> 9.2" for each of these facts of the topic that changed.
  void add_changes(Facts Origin::*facts, const std::string& topic,
                   const std::set<std::string>& keys, Changes& changes) const {
    for (const std::string& key : keys) {
      const auto before = values(base, facts, topic, key), now = values(fresh, facts, topic, key);
      if (before.empty() || now.empty() || before == now)
        continue;
      const std::string text = fmt::format("{} {} -> {}", topic == "driver" ? "driver " + key : key,
                                           fmt::join(before, " and "), fmt::join(now, " and "));
      const auto known = std::ranges::find(changes, text, &Changes::value_type::first);
      if (known == changes.end())
        changes.emplace_back(text, cases);
      else
        known->second += cases;
    }
  }

  void add_environment(Changes& changes) const {
    for (const char* topic : {"driver", "libraries"})
      add_changes(&Origin::machine, topic, keys_of(base, &Origin::machine, topic), changes);
    add_changes(&Origin::machine, "gpu", {"ecc", "mig"}, changes);
  }

  void add_settings(Changes& changes) const {
    std::set<std::string> topics;
    for (const Origin& origin : base)
      for (const auto& [topic, facts] : origin.settings)
        topics.insert(topic);
    for (const std::string& topic : topics)
      add_changes(&Origin::settings, topic, keys_of(base, &Origin::settings, topic), changes);
  }
};

std::vector<Origin> origins_at(const Result& result,
                               const std::set<std::optional<std::size_t>>& indices) {
  std::vector<Origin> all;
  for (const std::optional<std::size_t>& index : indices)
    all.push_back(results::origin_of(result, index));
  return all;
}

} // namespace

std::vector<std::size_t> Environment::left_out(const Arm& base, const Arm& fresh) {
  AtOtherLimits found = at_other_limits(base_, base.replicates, fresh_, fresh.replicates);
  if (!found.replicates.empty())
    ++left_out_[found.text];
  return std::move(found.replicates);
}

std::string Environment::add(const Arm& base, const std::vector<std::size_t>& of_base,
                             const Arm& fresh, const std::vector<std::size_t>& of_fresh) {
  const Replicates before = pick(base, of_base), now = pick(fresh, of_fresh);
  std::string limits = limits_changed(base_, before, fresh_, now);
  if (limits.empty())
    ++cases_[{origins_of(before), origins_of(now)}];
  return limits;
}

std::vector<std::string> Environment::notes() const {
  Changes environment, settings;
  int all_cases = 0;
  const auto add_sides = [&](const Origins& of_base, const Origins& of_fresh, int cases) {
    const Sides sides{origins_at(base_, of_base), origins_at(fresh_, of_fresh), cases};
    sides.add_environment(environment);
    sides.add_settings(settings);
    all_cases += cases;
  };
  for (const auto& [origins, cases] : cases_)
    add_sides(origins.first, origins.second, cases);
  if (cases_.empty())
    add_sides({std::nullopt}, {std::nullopt}, 0);
  const auto texts = [&](const auto& changes) {
    std::vector<std::string> all;
    for (const auto& [text, cases] : changes) {
      all.push_back(cases < all_cases ? fmt::format("{} ({} of {} cases)", text, cases, all_cases)
                                      : text);
    }
    return all;
  };
  std::vector<std::string> notes;
  if (!environment.empty()) {
    notes.push_back(fmt::format("environment changed: {}; {}", fmt::join(texts(environment), ", "),
                                cases_.empty() ? "no case was compared"
                                               : "compared all the same: a drift may come "
                                                 "from it"));
  }
  if (!settings.empty())
    notes.push_back(fmt::format("settings changed: {}", fmt::join(texts(settings), ", ")));
  if (!left_out_.empty()) {
    notes.push_back(fmt::format("replicates of the baseline are not compared: {}",
                                fmt::join(texts(left_out_), "; ")));
  }
  return notes;
}

} // namespace bench::compare
