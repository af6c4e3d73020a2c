#include <bench/base/pattern.h>
#include <bench/compare/arms.h>
#include <bench/compare/comparison.h>
#include <bench/compare/environment.h>
#include <bench/compare/judged_samples.h>
#include <bench/compare/replicate_notes.h>
#include <bench/compare/same_measurement.h>
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

/// A launch below it is mostly its own latency, which differs more from process to process than the
/// speed of memory does. baselines/noise/replicates.py draws the same line.
constexpr double kShortKernel_s = 5e-6;

using results::CaseResult;
using results::CaseStatus;
using results::find_fact;
using results::Replicate;
using results::Result;
using stats::Observation;
using stats::Verdict;

bool has_device(const Arm& arm, const std::string& device) {
  return std::ranges::find(arm.observations, device, &Observation::device) !=
         arm.observations.end();
}

std::vector<ReplicateMean> replicate_means(const Arm& arm, const Arm& other,
                                           const std::vector<std::size_t>& set_aside,
                                           const stats::Judgement& judgement) {
  std::vector<ReplicateMean> means;
  for (std::size_t i = 0; i < arm.replicates.size(); ++i) {
    const bool aside = std::ranges::find(set_aside, i) != set_aside.end();
    const bool shared = !judgement.same_device || has_device(other, arm.observations[i].device);
    means.push_back(
        replicate_mean(arm, i, judgement.slope, judgement.log_clock, judgement.covariates));
    means.back().compared = shared && !aside;
    means.back().set_aside = aside;
  }
  return means;
}

/// Those of the arm that are not among `left_out` (ascending).
std::vector<stats::Observation> observations_without(const Arm& arm,
                                                     const std::vector<std::size_t>& left_out) {
  std::vector<stats::Observation> observations;
  for (std::size_t i = 0; i < arm.observations.size(); ++i)
    if (!std::ranges::binary_search(left_out, i))
      observations.push_back(arm.observations[i]);
  return observations;
}

/// Makes indices into the observations without `left_out` indices into the arm.
void count_in(const std::vector<std::size_t>& left_out, std::vector<std::size_t>& indices) {
  for (std::size_t& index : indices)
    for (const std::size_t before : left_out)
      index += before <= index;
}

/// The replicates that were compared: neither left out nor set aside and, where the comparison was
/// within a GPU, on one that the other arm has too. Should there be none, those set aside.
std::vector<std::size_t> compared(const Arm& arm, const Arm& other, bool same_device,
                                  const std::vector<std::size_t>& set_aside,
                                  const std::vector<std::size_t>& left_out = {}) {
  std::vector<std::size_t> replicates, aside;
  for (std::size_t i = 0; i < arm.replicates.size(); ++i) {
    if ((same_device && !has_device(other, arm.observations[i].device)) ||
        std::ranges::binary_search(left_out, i))
      continue;
    const bool is_aside = std::ranges::find(set_aside, i) != set_aside.end();
    (is_aside ? aside : replicates).push_back(i);
  }
  return replicates.empty() ? aside : replicates;
}

/// Of the replicate that was measured last, among those whose revision is known.
std::string latest_revision(const Result& result, const Arm& arm,
                            const std::vector<std::size_t>& replicates) {
  const Replicate* latest = nullptr;
  for (const std::size_t i : replicates) {
    const Replicate* replicate = arm.replicates[i];
    if (!results::revision_of(result, *replicate).empty() &&
        (!latest || replicate->started > latest->started))
      latest = replicate;
  }
  return latest ? results::revision_of(result, *latest) : "";
}

/// Compares cases of one pair of results.
class Comparer {
 public:
  Comparer(const Result& base, const Result& fresh, const NoiseFile& noise)
      : base_(base), fresh_(fresh), noise_(noise_known_of(fresh, noise, noise_notes_)),
        base_copies_(base), fresh_copies_(fresh), loops_(fresh), environment_(base, fresh),
        replicate_notes_(fresh.device != "cpu") {
    const std::string before = device_model(base);
    const std::string now = device_model(fresh);
    if (base.device != fresh.device || before != now)
      other_model_ = fmt::format("baseline is of {}, this of {}", before, now);
    for (const CaseResult& c : base.cases)
      base_cases_.emplace(c.id, &c);
  }

  /// Against the case of the same id and work.
  CaseComparison of(const CaseResult& c) {
    const auto missing = [&](std::string reason) {
      return concluded(c, Verdict::missing, std::move(reason));
    };
    if (c.status != CaseStatus::ok)
      return concluded(c, Verdict::invalid, not_ok(c));
    const auto found = base_cases_.find(c.id);
    if (found == base_cases_.end())
      return missing("no baseline case");
    const CaseResult& base = *found->second;
    if (!other_model_.empty())
      return missing(other_model_);
    if (std::string change = results::work_change(base, c); !change.empty())
      return missing(std::move(change));
    return against(base, c);
  }

  /// Whatever the two are.
  CaseComparison against(const CaseResult& base, const CaseResult& c) {
    if (c.status != CaseStatus::ok)
      return concluded(c, Verdict::invalid, not_ok(c));
    if (!other_model_.empty())
      return concluded(c, Verdict::missing, other_model_);
    if (base.status != CaseStatus::ok)
      return concluded(c, Verdict::invalid, "the baseline's case: " + not_ok(base));
    if (!c.check.finite)
      return concluded(c, Verdict::invalid, "its output is not finite: its speed means nothing");
    CaseComparison result{
        .id = c.id, .kind = c.kind, .gate = c.gate_work, .works = works_of(base, c)};
    result.exact = explain::exact_change(base, c);
    judge(base, c, result);
    if (result.judgement) {
      result.explanation =
          explain::explain(base, c, result.judgement->slope, result.judgement->covariates,
                           result.judgement->work, result.judgement->same_device);
      result.loops = loops_.shares(c, result.judgement->work);
    }
    return result;
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes = environment_.notes();
    notes.insert(notes.end(), noise_notes_.begin(), noise_notes_.end());
    std::ranges::move(replicate_notes_.lines(), std::back_inserter(notes));
    return notes;
  }

 private:
  static CaseComparison concluded(const CaseResult& c, Verdict verdict, std::string reason) {
    return {.id = c.id,
            .kind = c.kind,
            .verdict = verdict,
            .reason = std::move(reason),
            .gate = c.gate_work};
  }

  void judge(const CaseResult& base, const CaseResult& fresh, CaseComparison& result) {
    const auto base_once = without_repeats(base), fresh_once = without_repeats(fresh);
    const CaseResult& base_judged = base_once ? *base_once : base;
    const CaseResult& fresh_judged = fresh_once ? *fresh_once : fresh;
    auto [before, now, place_change] = arms(base_judged, base_copies_, fresh_judged, fresh_copies_);
    if (before.replicates.empty() || now.replicates.empty()) {
      result.verdict = Verdict::invalid;
      result.reason = !has_samples(base)    ? "the baseline's case has no samples"
                      : !has_samples(fresh) ? "no samples"
                                            : "the baseline was measured at other places in memory";
      return;
    }
    const std::vector<std::size_t> left_out = environment_.left_out(before, now);
    const stats::Rules rules =
        rules_for(base, fresh, fresh_, noise_.prior(base, fresh), place_change);
    result.judgement = left_out.empty() ? stats::judge(before.observations, now.observations, rules)
                                        : stats::judge(observations_without(before, left_out),
                                                       now.observations, rules);
    count_in(left_out, result.judgement->base_set_aside);
    const bool same_device = result.judgement->same_device;
    const auto old_ones =
        compared(before, now, same_device, result.judgement->base_set_aside, left_out);
    const auto new_ones = compared(now, before, same_device, result.judgement->new_set_aside);
    if (const std::string limits = environment_.add(before, old_ones, now, new_ones);
        !limits.empty()) {
      result.verdict = Verdict::invalid;
      result.reason = limits + ": set it back, or promote a new baseline";
      result.judgement.reset();
      return;
    }
    result.verdict = result.judgement->verdict;
    result.reason = result.judgement->reason;
    result.base_t_s = median_time(before, old_ones);
    result.new_t_s = median_time(now, new_ones);
    result.base_revision = latest_revision(base_, before, old_ones);
    result.base_energy_j = mean_energy(before, old_ones);
    result.new_energy_j = mean_energy(now, new_ones);
    result.base_replicates =
        replicate_means(before, now, result.judgement->base_set_aside, *result.judgement);
    for (const std::size_t i : left_out)
      result.base_replicates[i].compared = false;
    result.new_replicates =
        replicate_means(now, before, result.judgement->new_set_aside, *result.judgement);
    result.warnings = warnings(base, fresh, place_change);
    const ComparedArm of_base{base, before, old_ones,
                              base.replicates.size() - base_judged.replicates.size()};
    const ComparedArm of_new{fresh, now, new_ones,
                             fresh.replicates.size() - fresh_judged.replicates.size()};
    std::ranges::move(replicate_warnings(result, of_base, of_new, fresh_.device != "cpu"),
                      std::back_inserter(result.warnings));
    replicate_notes_.add(result, of_base, of_new);
  }

  const Result& base_;
  const Result& fresh_;
  std::vector<std::string> noise_notes_;
  NoiseFile noise_;
  Copies base_copies_;
  Copies fresh_copies_;
  Loops loops_;
  Environment environment_;
  ReplicateNotes replicate_notes_;
  std::string other_model_; ///< why no case can be compared; "" when they can
  std::unordered_map<std::string, const CaseResult*> base_cases_;
};

/// Whether a run of the profile measured it. A baseline holds cases of several.
bool is_of_profile(const CaseResult& c, const Result& result, const std::string& profile) {
  if (c.replicates.empty())
    return result.profile == profile;
  return std::ranges::any_of(c.replicates, [&](const Replicate& replicate) {
    return results::profile_of(result, replicate) == profile;
  });
}

Comparison empty_comparison(const Result& base, const Result& fresh) {
  return {
      .scenario = fresh.scenario,
      .profile = fresh.profile,
      .base = side(base),
      .fresh = side(fresh),
  };
}

} // namespace

Works works_of(const CaseResult& base, const CaseResult& fresh) {
  return {.base_hash = base.hash,
          .new_hash = fresh.hash,
          .base_version = base.work_version,
          .new_version = fresh.work_version};
}

std::optional<double> CaseComparison::clock_hz() const {
  return judgement && judgement->log_clock ? std::optional(std::exp(*judgement->log_clock))
                                           : std::nullopt;
}

std::map<Verdict, int> Comparison::counts() const {
  std::map<Verdict, int> counts;
  for (const CaseComparison& c : cases)
    ++counts[c.verdict];
  return counts;
}

Comparison compare_cases(const Result& base, const CaseResult& base_case, const Result& fresh,
                         const CaseResult& fresh_case, const NoiseFile& noise) {
  Comparison comparison = empty_comparison(base, fresh);
  Comparer comparer(base, fresh, noise);
  comparison.cases.push_back(comparer.against(base_case, fresh_case));
  comparison.notes = comparer.notes();
  if (base_case.id != fresh_case.id) {
    comparison.cases.back().id = both_ids(base_case.id, fresh_case.id);
    comparison.cases.back().ids = {base_case.id, fresh_case.id};
  }
  return comparison;
}

Comparison compare(const Result& base, const Result& fresh, const NoiseFile& noise) {
  Comparison comparison = empty_comparison(base, fresh);
  Comparer comparer(base, fresh, noise);
  std::set<std::string_view> ids;
  for (const CaseResult& c : fresh.cases) {
    ids.insert(c.id);
    if (c.kind != "anchor")
      comparison.cases.push_back(comparer.of(c));
  }
  comparison.notes = comparer.notes();
  const Pattern only(fresh.only);
  for (const CaseResult& c : base.cases) {
    if (c.kind != "anchor" && !ids.contains(c.id) && only.is_in(c.id) &&
        is_of_profile(c, base, fresh.profile)) {
      comparison.cases.push_back({.id = c.id,
                                  .kind = c.kind,
                                  .verdict = Verdict::missing,
                                  .reason = "only the baseline has this case",
                                  .gate = c.gate_work});
    }
  }
  return comparison;
}

std::string gpu_name(const Result& result) {
  const std::string* name = find_fact(result.machine, "gpu", "name");
  return name && result.device != "cpu" ? *name : "";
}

std::string regime(const CaseResult& result) {
  if (result.kind == "kernel") {
    const std::vector<double> times = pooled(result, &results::Samples::t_s);
    const auto launches =
        static_cast<double>(std::max<std::int64_t>(1, result.launches.value_or(1)));
    return !times.empty() && stats::median(times) / launches < kShortKernel_s ? "short kernel"
                                                                              : "kernel";
  }
  if (result.kind != "loop")
    return result.kind;
  const auto engine = result.parameters.find("engine");
  return engine == result.parameters.end() ? "loop" : engine->second + " loop";
}

stats::Rules rules_for(const CaseResult& base, const CaseResult& fresh, const Result& of,
                       stats::NoisePrior noise, double place_change) {
  const bool waits = gpu_waits_for_host(base) || gpu_waits_for_host(fresh);
  return {.gate = fresh.gate_work,
          .noise = waits ? stats::NoisePrior{} : noise,
          .adjust = of.device != "cpu" && !waits,
          .along_loops = fresh.kind != "kernel",
          .bias = place_change};
}

std::string short_uuid(const std::string& uuid) {
  return uuid.substr(0, uuid.find('-', uuid.find('-') + 1));
}

} // namespace bench::compare
