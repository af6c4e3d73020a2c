#include <bench/compare/covariates_json.h>
#include <bench/compare/csv.h>
#include <bench/compare/explain_output.h>
#include <bench/compare/or_null.h>
#include <bench/compare/output.h>
#include <bench/compare/verdicts.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace bench::compare {
namespace {

using Json = nlohmann::ordered_json;

Json side_json(const Side& side) {
  return {{"git_sha", side.git_sha}, {"started", side.started}, {"gpu", side.gpu}};
}

Json replicates_json(const std::vector<ReplicateMean>& replicates) {
  Json list = Json::array();
  for (const ReplicateMean& r : replicates) {
    list.push_back({{"gpu", r.gpu},
                    {"process", r.process},
                    {"started", r.started},
                    {"t_s", r.t_s},
                    {"f_hz", or_null(r.f_hz)},
                    {"work_t_s", r.work_t_s},
                    {"compared", r.compared},
                    {"set_aside", r.set_aside},
                    {"energy_j", or_null(r.energy_j)}});
  }
  return list;
}

Json judgement_json(const CaseComparison& c) {
  const stats::Judgement& judgement = *c.judgement;
  return {
      {"work", judgement.work.estimate},
      {"work_half_width", judgement.work.half_width},
      {"wall", judgement.wall},
      {"clock", judgement.clock},
      {"slope", or_null(judgement.slope)},
      {"covariates", covariates_json(judgement.covariates, judgement.covariates_share)},
      {"clock_hz", or_null(c.clock_hz())},
      {"base_work_t_s", std::exp(judgement.base_log_t)},
      {"new_work_t_s", std::exp(judgement.base_log_t + judgement.work.estimate)},
      {"same_device", judgement.same_device},
      {"base_replicates", judgement.base_replicates},
      {"new_replicates", judgement.new_replicates},
      {"base_set_aside", judgement.base_set_aside},
      {"new_set_aside", judgement.new_set_aside},
      {"replicates_needed", or_null(judgement.replicates_needed)},
      {"wants_pairs", judgement.wants_pairs},
  };
}

Json counts_json(const std::map<stats::Verdict, int>& verdicts) {
  Json counts = Json::object();
  for (const auto& [verdict, count] : verdicts)
    counts[std::string(to_string(verdict))] = count;
  return counts;
}

Json drift_json(const stats::PairedDrift& drift) {
  return {{"estimate", drift.drift.estimate},
          {"half_width", drift.drift.half_width},
          {"verdict", to_string(drift.verdict)}};
}

Json judgement_json(const stats::PairedJudgement& judgement) {
  return {
      {"work", drift_json(judgement.work)},
      {"wall", drift_json(judgement.wall)},
      {"clock", drift_json(judgement.clock)},
      {"energy", judgement.energy ? drift_json(*judgement.energy) : nullptr},
      {"slope", or_null(judgement.slope)},
      {"covariates", covariates_json(judgement.covariates, judgement.covariates_share)},
      {"pairs", judgement.pairs},
      {"set_aside", judgement.set_aside},
      {"open", judgement.open},
  };
}

/// What a case of a comparison and one of pairs say first.
template <typename Case>
Json verdict_json(const Case& c) {
  return {
      {"id", c.id},         {"kind", c.kind}, {"verdict", to_string(c.verdict)},
      {"reason", c.reason}, {"gate", c.gate},
  };
}

/// And what they say of what is behind a drift.
template <typename Case>
Json findings_json(const Case& c) {
  return {
      {"warnings", c.warnings},
      {"exact", c.exact.empty() ? Json(nullptr) : to_json(c.exact)},
      {"explanation", c.explanation ? to_json(*c.explanation) : Json(nullptr)},
  };
}

} // namespace

std::string to_csv(const Comparison& comparison) {
  std::string text =
      "case,kind,verdict,base_t_s,new_t_s,wall,work,work_half_width,clock,slope,gate,"
      "same_device,base_replicates,new_replicates,reason,warnings,base_energy_j,new_energy_j,"
      "exact,covariates\n";
  for (const CaseComparison& c : comparison.cases) {
    std::vector<std::string> fields{csv_field(c.id), csv_field(c.kind),
                                    std::string(to_string(c.verdict)), csv_number(c.base_t_s),
                                    csv_number(c.new_t_s)};
    if (const auto& j = c.judgement) {
      fields.insert(fields.end(),
                    {csv_number(j->wall), csv_number(j->work.estimate),
                     csv_number(j->work.half_width), csv_number(j->clock), csv_number(j->slope),
                     csv_number(c.gate), j->same_device ? "true" : "false",
                     fmt::format("{}", j->base_replicates), fmt::format("{}", j->new_replicates)});
    } else {
      fields.insert(fields.end(), {"", "", "", "", "", csv_number(c.gate), "", "", ""});
    }
    fields.push_back(csv_field(c.reason));
    fields.push_back(csv_field(fmt::format("{}", fmt::join(c.warnings, "; "))));
    fields.push_back(csv_number(c.base_energy_j));
    fields.push_back(csv_number(c.new_energy_j));
    fields.push_back(csv_field(to_text(c.exact)));
    fields.push_back(csv_number(c.judgement && c.judgement->covariates.used()
                                    ? std::optional(c.judgement->covariates_share)
                                    : std::nullopt));
    text += fmt::format("{}\n", fmt::join(fields, ","));
  }
  return text;
}

Json to_json(const Comparison& comparison) {
  Json cases = Json::array();
  for (const CaseComparison& c : comparison.cases) {
    Json json = verdict_json(c);
    json.update({
        {"base_t_s", or_null(c.base_t_s)},
        {"new_t_s", or_null(c.new_t_s)},
        {"base_revision", c.base_revision},
        {"base_energy_j", or_null(c.base_energy_j)},
        {"new_energy_j", or_null(c.new_energy_j)},
        {"judgement", c.judgement ? judgement_json(c) : Json(nullptr)},
    });
    json.update(findings_json(c));
    json["base_replicates"] = replicates_json(c.base_replicates);
    json["new_replicates"] = replicates_json(c.new_replicates);
    for (const LoopShare& loop : c.loops)
      json["loops"].push_back({{"id", loop.id},
                               {"share", loop.share},
                               {"drift", loop.drift},
                               {"at_most", loop.at_most}});
    if (!c.ids.empty())
      json["ids"] = c.ids;
    if (!c.pairs_of.empty())
      json["pairs_of"] = c.pairs_of;
    cases.push_back(std::move(json));
  }
  return {
      {"schema_version", 1},
      {"scenario", comparison.scenario},
      {"profile", comparison.profile},
      {"base", side_json(comparison.base)},
      {"new", side_json(comparison.fresh)},
      {"notes", comparison.notes},
      {"counts", counts_json(comparison.counts())},
      {"cases", std::move(cases)},
  };
}

Json to_json(const Comparison& comparison, const std::set<stats::Verdict>& fail_on) {
  Json json = to_json(comparison);
  json["fail_on"] = Json::array();
  for (const stats::Verdict verdict : fail_on)
    json["fail_on"].push_back(to_string(verdict));
  json["verdict"] = to_string(overall(comparison, fail_on));
  json["verdict_line"] = verdict_line(comparison, fail_on);
  json["exit_code"] = static_cast<int>(exit_code(comparison, fail_on));
  return json;
}

Json to_json(const AbComparison& comparison) {
  Json cases = Json::array();
  for (const AbCase& c : comparison.cases) {
    Json json = verdict_json(c);
    json.update({
        {"a_t_s", or_null(c.a_t_s)},
        {"b_t_s", or_null(c.b_t_s)},
        {"a_energy_j", or_null(c.a_energy_j)},
        {"b_energy_j", or_null(c.b_energy_j)},
        {"judgement", c.judgement ? judgement_json(*c.judgement) : Json(nullptr)},
    });
    json.update(findings_json(c));
    cases.push_back(std::move(json));
  }
  return {
      {"schema_version", 1},           {"scenario", comparison.scenario},
      {"profile", comparison.profile}, {"confidence", comparison.confidence},
      {"a", side_json(comparison.a)},  {"b", side_json(comparison.b)},
      {"notes", comparison.notes},     {"counts", counts_json(comparison.counts())},
      {"cases", std::move(cases)},
  };
}

} // namespace bench::compare
