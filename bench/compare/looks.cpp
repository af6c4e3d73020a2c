#include <bench/compare/looks.h>

#include <algorithm>

namespace bench::compare {

int next_look(int replicates, std::span<const int> looks) {
  const auto look = std::ranges::upper_bound(looks, replicates);
  return look == looks.end() ? 0 : *look;
}

std::vector<std::string> cases_to_replace(const Comparison& comparison, int replaced) {
  std::vector<std::string> ids;
  for (const CaseComparison& c : comparison.cases)
    if (c.verdict == stats::Verdict::inconclusive && c.judgement &&
        c.judgement->new_set_aside.size() > static_cast<std::size_t>(replaced))
      ids.push_back(c.id);
  return ids;
}

std::vector<std::string> open_cases(const Comparison& comparison, double resolution) {
  std::vector<std::string> ids;
  for (const CaseComparison& c : comparison.cases) {
    if (!c.judgement)
      continue;
    const bool open = resolution > 0
                          ? c.judgement->same_device && c.judgement->work.half_width > resolution
                          : c.verdict == stats::Verdict::inconclusive &&
                                c.judgement->replicates_needed.has_value();
    if (open)
      ids.push_back(c.id);
  }
  return ids;
}

int look_for(const std::vector<std::string>& open, const Comparison& comparison, int replicates,
             int most) {
  int look = replicates + 1;
  for (const CaseComparison& c : comparison.cases) {
    if (std::ranges::find(open, c.id) == open.end())
      continue;
    if (!c.judgement || !c.judgement->replicates_needed)
      return most;
    look =
        std::max(look, replicates + *c.judgement->replicates_needed - c.judgement->new_replicates);
  }
  return std::min(look, most);
}

} // namespace bench::compare
