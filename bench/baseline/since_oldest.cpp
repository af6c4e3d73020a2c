#include <bench/baseline/lookup.h>
#include <bench/baseline/since_oldest.h>
#include <bench/compare/comparison.h>

#include <algorithm>
#include <cmath>

namespace bench::baseline {

std::filesystem::path oldest_file(const std::filesystem::path& baseline) {
  return baseline.parent_path() / "oldest" / baseline.filename();
}

bool SinceOldest::crept() const {
  return std::abs(std::expm1(work.estimate)) > gate && std::abs(work.estimate) > work.half_width;
}

std::vector<SinceOldest> since_oldest(const std::filesystem::path& baseline,
                                      const results::Result& result) {
  std::vector<SinceOldest> drifts;
  const std::filesystem::path file = oldest_file(baseline);
  if (!std::filesystem::exists(file))
    return drifts;
  const auto comparison = compare::compare(results::read(file), result, noise_of(baseline, result));
  for (const compare::CaseComparison& c : comparison.cases) {
    if (!c.judgement)
      continue;
    std::string date = c.base_replicates.front().started;
    for (const compare::ReplicateMean& replicate : c.base_replicates)
      date = std::min(date, replicate.started);
    drifts.push_back({c.id, c.gate, c.judgement->work, date.substr(0, 10)});
  }
  return drifts;
}

} // namespace bench::baseline
