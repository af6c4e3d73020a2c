#include <bench/compare/arms.h>
#include <bench/compare/comparison.h>
#include <bench/compare/explain_cases.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace bench::compare {

using results::CaseResult;
using results::Result;

CaseExplanation explain_cases(const Result& base_result, const CaseResult& base,
                              const Result& new_result, const CaseResult& fresh,
                              const NoiseFile& noise) {
  CaseExplanation result{
      .base_id = base.id, .new_id = fresh.id, .exact = explain::exact_change(base, fresh)};
  for (const auto& [side, name] : {std::pair{&base, "base"}, std::pair{&fresh, "new"}}) {
    if (const std::string why = explain::no_profile(*side); !why.empty()) {
      result.why_none = fmt::format("{} has {}", name, why);
      return result;
    }
  }
  const auto [before, now, place_change] =
      arms(base, Copies(base_result), fresh, Copies(new_result));
  if (before.replicates.empty() || now.replicates.empty()) { // `bench profile` times nothing
    result.explanation = explain::explain(*base.profile, *fresh.profile, std::nullopt);
    return result;
  }
  std::vector<std::string> notes;
  const NoiseFile known = noise_known_of(new_result, noise, notes);
  const stats::Judgement judgement =
      stats::judge(before.observations, now.observations,
                   rules_for(base, fresh, new_result, known.prior(base, fresh), place_change));
  result.explanation = explain::explain(base, fresh, judgement.slope, judgement.covariates,
                                        judgement.work, judgement.same_device);
  std::ranges::move(notes, std::back_inserter(result.explanation.value().notes));
  return result;
}

} // namespace bench::compare
