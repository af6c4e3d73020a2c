#include <bench/compare/comparison.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <set>
#include <unordered_map>
#include <utility>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::CaseStatus;
using results::find_fact;
using results::Replicate;
using results::Result;
using stats::Observation;
using stats::Verdict;

std::string device_model(const Result& result) {
  if (result.device == "cpu") {
    return "the CPU";
  }
  const std::string name = gpu_name(result);
  return name.empty() ? "an unknown GPU" : name;
}

Side side(const Result& result) {
  std::set<std::string> uuids;
  for (const CaseResult& c : result.cases) {
    for (const Replicate& replicate : c.replicates) {
      if (!replicate.device_uuid.empty()) {
        uuids.insert(short_uuid(replicate.device_uuid));
      }
    }
  }
  std::string gpu = device_model(result);
  if (!uuids.empty()) {
    gpu += fmt::format(" ({})", fmt::join(uuids, ", "));
  }
  return {.git_sha = result.git_sha, .started = result.started, .gpu = std::move(gpu)};
}

/// "cudnn 9.1 -> 9.2" for each key of the group on which both have something to say: a fact that
/// one of them lacks is unknown, not different.
void add_changes(const results::Facts& base, const results::Facts& fresh, const std::string& group,
                 std::vector<std::string>& changes) {
  const auto before = base.find(group);
  if (before == base.end()) {
    return;
  }
  for (const auto& [key, value] : before->second) {
    const std::string* now = find_fact(fresh, group, key);
    if (now && *now != value) {
      changes.push_back(
          fmt::format("{} {} -> {}", group == "driver" ? "driver " + key : key, value, *now));
    }
  }
}

std::vector<std::string> environment_notes(const Result& base, const Result& fresh) {
  std::vector<std::string> notes;
  std::vector<std::string> changes;
  add_changes(base.machine, fresh.machine, "driver", changes);
  add_changes(base.machine, fresh.machine, "libraries", changes);
  if (!changes.empty()) {
    notes.push_back(fmt::format("environment changed: {}", fmt::join(changes, ", ")));
  }
  changes.clear();
  for (const auto& [group, facts] : base.settings) {
    if (group != "promotion") { // says how the baseline came to be
      add_changes(base.settings, fresh.settings, group, changes);
    }
  }
  if (!changes.empty()) {
    notes.push_back(fmt::format("settings changed: {}", fmt::join(changes, ", ")));
  }
  return notes;
}

/// What was set on the GPU that changes its speed: "" when nothing did. Only for one GPU model.
std::string limits_changed(const Result& base, const Result& fresh) {
  const auto change = [&](const char* key, const char* name, double unit,
                          const char* symbol) -> std::string {
    const std::string* before = find_fact(base.machine, "gpu", key);
    const std::string* now = find_fact(fresh.machine, "gpu", key);
    if (!before || !now || *before == *now) {
      return "";
    }
    const auto scaled = [&](const std::string& text) {
      return std::strtod(text.c_str(), nullptr) / unit;
    };
    return fmt::format("the {} was {:g} {}, now it is {:g} {}: set it back, or promote a new "
                       "baseline",
                       name, scaled(*before), symbol, scaled(*now), symbol);
  };
  const std::string power = change("power_limit_w", "power limit", 1, "W");
  return power.empty() ? change("application_sm_clock_hz", "application clock", 1e6, "MHz") : power;
}

bool is_copy_anchor(const CaseResult& c) {
  return c.kind == "anchor" && c.id.ends_with("/anchor/copy");
}

/// The median time of the memory copy that each process timed.
class Anchors {
 public:
  explicit Anchors(const Result& result) {
    for (const CaseResult& c : result.cases) {
      if (!is_copy_anchor(c) || c.status != CaseStatus::ok) {
        continue;
      }
      for (const Replicate& replicate : c.replicates) {
        if (!replicate.samples.t_s.empty()) {
          anchors_[{replicate.process, replicate.device_uuid}].push_back(
              {replicate.started, std::log(stats::median(replicate.samples.t_s))});
        }
      }
    }
  }

  /// Process ids come round again (a container starts at 1 each time): of several with the same,
  /// the one that started together with the replicate, or none.
  std::optional<double> of(const Replicate& replicate) const {
    const auto found = anchors_.find({replicate.process, replicate.device_uuid});
    if (found == anchors_.end()) {
      return std::nullopt;
    }
    for (const Anchor& anchor : found->second) {
      if (anchor.started == replicate.started) {
        return anchor.log_t;
      }
    }
    return found->second.size() == 1 ? std::optional(found->second.front().log_t) : std::nullopt;
  }

 private:
  struct Anchor {
    std::string started;
    double log_t;
  };
  std::map<std::pair<std::int64_t, std::string>, std::vector<Anchor>> anchors_;
};

std::vector<double> logs(const std::vector<double>& values) {
  std::vector<double> result(values.size());
  std::ranges::transform(values, result.begin(), [](double value) { return std::log(value); });
  return result;
}

/// A case of one side: its replicates that have samples.
struct Arm {
  std::vector<Observation> observations;
  std::vector<const Replicate*> replicates;
};

Arm arm(const CaseResult& c, const Anchors& anchors) {
  Arm result;
  for (const Replicate& replicate : c.replicates) {
    const results::Samples& samples = replicate.samples;
    if (samples.t_s.empty()) {
      continue;
    }
    Observation observation;
    observation.device = replicate.device_uuid;
    observation.log_t = logs(samples.t_s);
    if (std::ranges::none_of(samples.f_hz, [](double f) { return std::isnan(f); })) {
      observation.log_f = logs(samples.f_hz);
    }
    observation.group.assign(samples.loop.begin(), samples.loop.end());
    observation.log_anchor = anchors.of(replicate);
    result.observations.push_back(std::move(observation));
    result.replicates.push_back(&replicate);
  }
  return result;
}

/// Of the replicates that were compared: not set aside and, where the comparison was within a GPU,
/// on one that the other arm has too.
double median_time(const Arm& arm, const Arm& other, bool same_device,
                   const std::vector<std::size_t>& set_aside) {
  std::vector<double> times;
  const auto add = [&](bool every) {
    for (std::size_t i = 0; i < arm.replicates.size(); ++i) {
      const bool shared = std::ranges::find(other.observations, arm.observations[i].device,
                                            &Observation::device) != other.observations.end();
      const bool aside = std::ranges::find(set_aside, i) != set_aside.end();
      if (every || ((shared || !same_device) && !aside)) {
        std::ranges::copy(arm.replicates[i]->samples.t_s, std::back_inserter(times));
      }
    }
  };
  add(false);
  if (times.empty()) {
    add(true);
  }
  return stats::median(times);
}

/// Compares cases of one pair of results.
class Comparer {
 public:
  Comparer(const Result& base, const Result& fresh, const NoiseFile& noise)
      : base_(base), fresh_(fresh), noise_(noise), base_anchors_(base), fresh_anchors_(fresh) {
    const std::string before = device_model(base);
    const std::string now = device_model(fresh);
    if (base.device != fresh.device || before != now) {
      other_model_ = fmt::format("baseline is of {}, this of {}", before, now);
    } else {
      limits_ = limits_changed(base, fresh);
    }
    for (const CaseResult& c : base.cases) {
      base_cases_.emplace(c.id, &c);
    }
  }

  CaseComparison of(const CaseResult& c) const {
    CaseComparison result{.id = c.id, .kind = c.kind, .gate = c.gate_work};
    const auto conclude = [&](Verdict verdict, std::string reason) {
      result.verdict = verdict;
      result.reason = std::move(reason);
      return result;
    };
    if (c.status != CaseStatus::ok) {
      return conclude(Verdict::invalid, not_ok(c));
    }
    const auto found = base_cases_.find(c.id);
    if (found == base_cases_.end()) {
      return conclude(Verdict::missing, "no baseline case");
    }
    const CaseResult& base = *found->second;
    if (!other_model_.empty()) {
      return conclude(Verdict::missing, other_model_);
    }
    if (base.work_version != c.work_version) {
      return conclude(Verdict::missing,
                      fmt::format("work version differs: baseline is of {}, this of {}",
                                  base.work_version, c.work_version));
    }
    if (base.hash != c.hash) {
      return conclude(Verdict::missing, "hash differs: the work is not the same");
    }
    if (base.status != CaseStatus::ok) {
      return conclude(Verdict::invalid, "the baseline's case: " + not_ok(base));
    }
    if (!limits_.empty()) {
      return conclude(Verdict::invalid, limits_);
    }
    judge(base, c, result);
    return result;
  }

 private:
  static std::string not_ok(const CaseResult& c) {
    return c.message.empty() ? std::string(to_string(c.status))
                             : fmt::format("{}: {}", to_string(c.status), c.message);
  }

  void judge(const CaseResult& base, const CaseResult& fresh, CaseComparison& result) const {
    const Arm before = arm(base, base_anchors_);
    const Arm now = arm(fresh, fresh_anchors_);
    if (before.replicates.empty() || now.replicates.empty()) {
      result.verdict = Verdict::invalid;
      result.reason =
          before.replicates.empty() ? "the baseline's case has no samples" : "no samples";
      return;
    }
    const stats::Rules rules{
        .gate = fresh.gate_work,
        .noise = noise_.prior(regime(fresh)),
        .adjust = fresh_.device != "cpu", // whose clock nobody reads
    };
    result.judgement = stats::judge(before.observations, now.observations, rules);
    result.verdict = result.judgement->verdict;
    result.reason = result.judgement->reason;
    const bool same_device = result.judgement->same_device;
    result.base_t_s = median_time(before, now, same_device, result.judgement->base_set_aside);
    result.new_t_s = median_time(now, before, same_device, result.judgement->new_set_aside);
    if (base.check.finite && fresh.check.finite && !base.check.checksum.empty() &&
        !fresh.check.checksum.empty() && base.check.checksum != fresh.check.checksum) {
      result.warnings.push_back("output differs");
    }
  }

  const Result& base_;
  const Result& fresh_;
  const NoiseFile& noise_;
  Anchors base_anchors_;
  Anchors fresh_anchors_;
  std::string other_model_; ///< why no case can be compared; "" when they can
  std::string limits_;      ///< why no case must be compared
  std::unordered_map<std::string, const CaseResult*> base_cases_;
};

} // namespace

std::map<Verdict, int> Comparison::counts() const {
  std::map<Verdict, int> counts;
  for (const CaseComparison& c : cases) {
    ++counts[c.verdict];
  }
  return counts;
}

Comparison compare(const Result& base, const Result& fresh, const NoiseFile& noise) {
  Comparison comparison{
      .scenario = fresh.scenario,
      .profile = fresh.profile,
      .base = side(base),
      .fresh = side(fresh),
      .notes = environment_notes(base, fresh),
  };
  const Comparer comparer(base, fresh, noise);
  std::set<std::string_view> ids;
  for (const CaseResult& c : fresh.cases) {
    ids.insert(c.id);
    if (c.kind != "anchor") {
      comparison.cases.push_back(comparer.of(c));
    }
  }
  if (base.profile == fresh.profile) {
    for (const CaseResult& c : base.cases) {
      if (c.kind != "anchor" && !ids.contains(c.id)) {
        comparison.cases.push_back({.id = c.id,
                                    .kind = c.kind,
                                    .verdict = Verdict::missing,
                                    .reason = "only the baseline has this case",
                                    .gate = c.gate_work});
      }
    }
  }
  return comparison;
}

std::string gpu_name(const Result& result) {
  const std::string* name = find_fact(result.machine, "gpu", "name");
  return name && result.device != "cpu" ? *name : "";
}

std::string regime(const CaseResult& result) {
  if (result.kind != "loop") {
    return result.kind;
  }
  const auto engine = result.parameters.find("engine");
  return engine == result.parameters.end() ? "loop" : engine->second + " loop";
}

std::string short_uuid(const std::string& uuid) {
  return uuid.substr(0, uuid.find('-', uuid.find('-') + 1));
}

} // namespace bench::compare
