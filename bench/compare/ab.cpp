#include <bench/base/error.h>
#include <bench/compare/ab.h>
#include <bench/compare/arms.h>
#include <bench/compare/environment.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::CaseStatus;
using results::Replicate;
using results::Result;
using stats::Verdict;

/// Replicates of the same seeds and GPUs, in the order of A.
struct Pairs {
  Arm a;
  Arm b;
  double place_change = 0; ///< as Arms has it
};

Pairs pairs_of(const CaseResult& a, const Copies& of_a, const CaseResult& b, const Copies& of_b) {
  const auto [all_a, all_b, place_change] = arms(a, of_a, b, of_b);
  Pairs pairs;
  pairs.place_change = place_change;
  for (std::size_t i = 0; i < all_a.replicates.size(); ++i) {
    const Replicate& of_pair = *all_a.replicates[i];
    const auto partner = std::ranges::find_if(all_b.replicates, [&](const Replicate* each) {
      return each->seed == of_pair.seed && each->device_uuid == of_pair.device_uuid;
    });
    if (partner == all_b.replicates.end())
      continue; // the other process was lost, or ran on another GPU
    pairs.a.replicates.push_back(all_a.replicates[i]);
    pairs.a.observations.push_back(all_a.observations[i]);
    pairs.b.replicates.push_back(*partner);
    pairs.b.observations.push_back(
        all_b.observations[static_cast<std::size_t>(partner - all_b.replicates.begin())]);
  }
  return pairs;
}

/// Cases of `result` that differ from `id` in their path alone and that `other` lacks.
std::vector<const CaseResult*> without_partner(const Result& result, const Result& other,
                                               const std::string& id) {
  std::vector<const CaseResult*> cases;
  for (const CaseResult& c : result.cases)
    if (c.kind != "anchor" && without_path(c.id) == without_path(id) && !find_case(other, c.id))
      cases.push_back(&c);
  return cases;
}

/// The case of A that `c` of B is held against; null when A has none.
const CaseResult* partner(const Result& a, const Result& b, const CaseResult& c) {
  if (const CaseResult* same = find_case(a, c.id))
    return same;
  const auto before = without_partner(a, b, c.id), after = without_partner(b, a, c.id);
  return before.size() == 1 && after.size() == 1 ? before[0] : nullptr;
}

AbCase concluded(const CaseResult& c, Verdict verdict, std::string reason) {
  return {.id = c.id,
          .kind = c.kind,
          .verdict = verdict,
          .reason = std::move(reason),
          .gate = c.gate_work};
}

/// The pairs that were compared: not set aside. All, should there be none.
std::vector<std::size_t> compared(const stats::PairedJudgement& judgement, std::size_t pairs) {
  std::vector<std::size_t> all(pairs), kept;
  std::iota(all.begin(), all.end(), 0);
  std::ranges::set_difference(all, judgement.set_aside, std::back_inserter(kept));
  return kept.empty() ? all : kept;
}

/// The means of the pairs, read at A's clock, for who draws them.
void add_means(AbCase& result, const Pairs& pairs, const std::vector<std::size_t>& kept) {
  const stats::PairedJudgement& judgement = *result.judgement;
  const auto mean_of = [&](auto value) {
    std::vector<double> values(kept.size());
    std::ranges::transform(kept, values.begin(), value);
    return stats::mean(values);
  };
  if (judgement.slope || judgement.covariates.clock_slope().df > 0) {
    result.log_clock =
        mean_of([&](std::size_t i) { return stats::mean_log_clock(pairs.a.observations[i]); });
  }
  for (std::size_t i = 0; i < pairs.a.observations.size(); ++i) {
    const bool aside = std::ranges::binary_search(judgement.set_aside, i);
    for (const auto& [arm, means] :
         {std::pair{&pairs.a, &result.a_replicates}, std::pair{&pairs.b, &result.b_replicates}}) {
      means->push_back(
          replicate_mean(*arm, i, judgement.slope, result.log_clock, judgement.covariates));
      means->back().set_aside = aside;
      means->back().compared = !aside;
    }
  }
  result.a_log_t =
      mean_of([&](std::size_t i) { return std::log(result.a_replicates[i].work_t_s); });
}

AbCase judged(const CaseResult& a, const CaseResult& b, const Pairs& pairs,
              const stats::Rules& rules, Environment& environment) {
  for (const auto& [side, name] : {std::pair{&a, "A"}, std::pair{&b, "B"}})
    if (side->status != CaseStatus::ok)
      return concluded(b, Verdict::invalid, fmt::format("{}: {}", name, not_ok(*side)));
  if (pairs.a.replicates.empty())
    return concluded(b, Verdict::invalid, "no pair of processes measured it");
  std::vector<std::size_t> all(pairs.a.replicates.size());
  std::iota(all.begin(), all.end(), 0);
  if (std::string limits = environment.add(pairs.a, all, pairs.b, all); !limits.empty())
    return concluded(b, Verdict::invalid, std::move(limits));
  AbCase result{.id = b.id, .kind = b.kind, .gate = b.gate_work};
  result.judgement = stats::judge_pairs(pairs.a.observations, pairs.b.observations, rules);
  result.verdict = result.judgement->verdict;
  result.reason = result.judgement->reason;
  const std::vector<std::size_t> kept = compared(*result.judgement, all.size());
  add_means(result, pairs, kept);
  result.a_t_s = median_time(pairs.a, kept);
  result.b_t_s = median_time(pairs.b, kept);
  result.a_energy_j = mean_energy(pairs.a, kept);
  result.b_energy_j = mean_energy(pairs.b, kept);
  result.warnings = warnings(a, b, pairs.place_change);
  result.exact = explain::exact_change(a, b);
  result.explanation = explain::explain(a, b, result.judgement->slope, result.judgement->covariates,
                                        result.judgement->work.drift, true);
  return result;
}

} // namespace

std::map<Verdict, int> AbComparison::counts() const {
  std::map<Verdict, int> counts;
  for (const AbCase& c : cases)
    ++counts[c.verdict];
  return counts;
}

std::vector<std::string> AbComparison::open() const {
  std::vector<std::string> ids;
  for (const AbCase& c : cases) {
    if (c.judgement && c.judgement->open) {
      if (c.ids.empty())
        ids.push_back(c.id);
      ids.insert(ids.end(), c.ids.begin(), c.ids.end());
    }
  }
  return ids;
}

AbComparison compare_pairs(const Result& a, const Result& b, const NoiseFile& noise,
                           double confidence) {
  if (a.device != b.device || device_model(a) != device_model(b)) {
    throw UsageError(fmt::format("A was measured on {}, B on {}: pairs want one machine",
                                 device_model(a), device_model(b)));
  }
  AbComparison comparison{
      .scenario = b.scenario,
      .profile = b.profile,
      .a = side(a),
      .b = side(b),
      .confidence = confidence,
  };
  std::vector<std::string> noise_notes;
  const NoiseFile known = noise_known_of(b, noise, noise_notes);
  Environment environment(a, b);
  const Copies of_a(a), of_b(b);
  std::set<std::string> matched; // of A with a case of B that has another id
  const bool on_gpu = b.device != "cpu";
  std::vector<std::string> other_work;
  for (const CaseResult& c : b.cases) {
    if (c.kind == "anchor")
      continue;
    const CaseResult* before = partner(a, b, c);
    if (before == nullptr) {
      comparison.cases.push_back(concluded(c, Verdict::missing, "only B has this case"));
      continue;
    }
    if (!same_work(*before, c))
      other_work.push_back(c.id);
    const Pairs pairs = pairs_of(*before, of_a, c, of_b);
    stats::Rules rules = rules_for(*before, c, b, known.prior(*before, c), pairs.place_change);
    rules.confidence = confidence;
    if (!on_gpu) // a shared CPU has no modes: its copies differ from process to process
      rules.anchor_tolerance = std::numeric_limits<double>::infinity();
    AbCase result = judged(*before, c, pairs, rules, environment);
    result.works = works_of(*before, c);
    if (before->id != c.id) {
      result.ids = {before->id, c.id};
      result.id = both_ids(before->id, c.id);
      matched.insert(before->id);
    }
    comparison.cases.push_back(std::move(result));
  }
  for (const CaseResult& c : a.cases)
    if (c.kind != "anchor" && find_case(b, c.id) == nullptr && !matched.contains(c.id))
      comparison.cases.push_back(concluded(c, Verdict::missing, "only A has this case"));
  comparison.notes = environment.notes();
  comparison.notes.insert(comparison.notes.end(), noise_notes.begin(), noise_notes.end());
  if (!other_work.empty()) {
    comparison.notes.push_back(
        other_work.size() > 3 ? fmt::format("the work differs: {} and {} others", other_work[0],
                                            other_work.size() - 1)
                              : fmt::format("the work differs: {}", fmt::join(other_work, ", ")));
  }
  return comparison;
}

Comparison as_comparison(const AbComparison& comparison) {
  Comparison result{.scenario = comparison.scenario,
                    .profile = comparison.profile,
                    .base = comparison.a,
                    .fresh = comparison.b,
                    .notes = comparison.notes};
  for (const AbCase& c : comparison.cases) {
    CaseComparison each{.id = c.id,
                        .kind = c.kind,
                        .verdict = c.verdict,
                        .reason = c.reason,
                        .gate = c.gate,
                        .base_t_s = c.a_t_s,
                        .new_t_s = c.b_t_s,
                        .base_energy_j = c.a_energy_j,
                        .new_energy_j = c.b_energy_j,
                        .warnings = c.warnings,
                        .ids = c.ids,
                        .works = c.works,
                        .base_replicates = c.a_replicates,
                        .new_replicates = c.b_replicates,
                        .exact = c.exact,
                        .explanation = c.explanation};
    if (c.judgement) {
      stats::Judgement& judgement = each.judgement.emplace();
      judgement.verdict = c.verdict;
      judgement.reason = c.reason;
      judgement.work = c.judgement->work.drift;
      judgement.wall = c.judgement->wall.drift.estimate;
      judgement.clock = c.judgement->clock.drift.estimate;
      judgement.slope = c.judgement->slope;
      judgement.covariates = c.judgement->covariates;
      judgement.covariates_share = c.judgement->covariates_share;
      judgement.log_clock = c.log_clock;
      judgement.base_log_t = c.a_log_t;
      judgement.base_replicates = judgement.new_replicates = c.judgement->pairs;
      judgement.base_set_aside = judgement.new_set_aside = c.judgement->set_aside;
    }
    result.cases.push_back(std::move(each));
  }
  return result;
}

} // namespace bench::compare
