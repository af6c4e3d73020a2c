#include <bench/compare/environment.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

namespace bench::compare {
namespace {

using results::Facts;
using results::Origin;
using results::Result;

std::vector<Origin> origins(const Result& result, const Arm& arm,
                            const std::vector<std::size_t>& replicates) {
  std::set<std::optional<std::size_t>> indices;
  for (const std::size_t i : replicates) {
    indices.insert(arm.replicates[i]->origin);
  }
  std::vector<Origin> all;
  for (const std::optional<std::size_t>& index : indices) {
    all.push_back(results::origin_of(result, index));
  }
  return all;
}

/// What they have to say; one that says nothing is unknown, not different.
std::set<std::string> values(const std::vector<Origin>& origins, Facts Origin::*facts,
                             const std::string& topic, const std::string& key) {
  std::set<std::string> all;
  for (const Origin& origin : origins) {
    if (const std::string* value = results::find_fact(origin.*facts, topic, key)) {
      all.insert(*value);
    }
  }
  return all;
}

/// "cudnn 9.1 -> 9.2" for each fact of the topic that changed.
void add_changes(const std::vector<Origin>& base, const std::vector<Origin>& fresh,
                 Facts Origin::*facts, const std::string& topic,
                 std::vector<std::pair<std::string, int>>& changes) {
  std::set<std::string> keys;
  for (const Origin& origin : base) {
    if (const auto found = (origin.*facts).find(topic); found != (origin.*facts).end()) {
      for (const auto& [key, value] : found->second) {
        keys.insert(key);
      }
    }
  }
  for (const std::string& key : keys) {
    const auto before = values(base, facts, topic, key), now = values(fresh, facts, topic, key);
    if (now.empty() || before == now) {
      continue;
    }
    const std::string text = fmt::format("{} {} -> {}", topic == "driver" ? "driver " + key : key,
                                         fmt::join(before, " and "), fmt::join(now, " and "));
    const auto known = std::ranges::find(changes, text, &std::pair<std::string, int>::first);
    if (known == changes.end()) {
      changes.emplace_back(text, 1);
    } else {
      ++known->second;
    }
  }
}

void add_all(const std::vector<Origin>& base, const std::vector<Origin>& fresh,
             std::vector<std::pair<std::string, int>>& environment,
             std::vector<std::pair<std::string, int>>& settings) {
  add_changes(base, fresh, &Origin::machine, "driver", environment);
  add_changes(base, fresh, &Origin::machine, "libraries", environment);
  std::set<std::string> topics;
  for (const Origin& origin : base) {
    for (const auto& [topic, facts] : origin.settings) {
      topics.insert(topic);
    }
  }
  for (const std::string& topic : topics) {
    add_changes(base, fresh, &Origin::settings, topic, settings);
  }
}

std::string limits_changed(const std::vector<Origin>& base, const std::vector<Origin>& fresh) {
  for (const auto& [key, name, unit, symbol] : results::kGpuLimits) {
    const auto before = values(base, &Origin::machine, "gpu", key);
    const auto now = values(fresh, &Origin::machine, "gpu", key);
    if (before.empty() || now.empty() || before == now) {
      continue;
    }
    const auto scaled = [&](const std::set<std::string>& texts) {
      std::vector<std::string> all;
      for (const std::string& text : texts) {
        all.push_back(fmt::format("{:g} {}", std::strtod(text.c_str(), nullptr) / unit, symbol));
      }
      return fmt::format("{}", fmt::join(all, " and "));
    };
    return fmt::format("the {} was {}, now it is {}: set it back, or promote a new baseline", name,
                       scaled(before), scaled(now));
  }
  return "";
}

} // namespace

std::string Environment::add(const Arm& base, const std::vector<std::size_t>& of_base,
                             const Arm& fresh, const std::vector<std::size_t>& of_fresh) {
  const std::vector<Origin> before = origins(base_, base, of_base);
  const std::vector<Origin> now = origins(fresh_, fresh, of_fresh);
  std::string limits = limits_changed(before, now);
  if (limits.empty()) {
    ++cases_;
    add_all(before, now, environment_, settings_);
  }
  return limits;
}

std::vector<std::string> Environment::notes() const {
  Changes environment = environment_, settings = settings_;
  if (cases_ == 0) {
    add_all({origin_of(base_, std::nullopt)}, {origin_of(fresh_, std::nullopt)}, environment,
            settings);
  }
  const auto texts = [&](const Changes& changes) {
    std::vector<std::string> all;
    for (const auto& [text, cases] : changes) {
      all.push_back(cases < cases_ ? fmt::format("{} ({} of {} cases)", text, cases, cases_)
                                   : text);
    }
    return all;
  };
  std::vector<std::string> notes;
  if (!environment.empty()) {
    notes.push_back(fmt::format("environment changed: {}; {}", fmt::join(texts(environment), ", "),
                                cases_ == 0 ? "no case was compared"
                                            : "compared all the same: a drift may come "
                                              "from it"));
  }
  if (!settings.empty()) {
    notes.push_back(fmt::format("settings changed: {}", fmt::join(texts(settings), ", ")));
  }
  return notes;
}

} // namespace bench::compare
