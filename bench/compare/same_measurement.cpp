#include <bench/compare/same_measurement.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Replicate;

/// Of times with six digits.
constexpr double kRounding = 1e-5;

} // namespace

bool same_measurement(const Replicate& a, const Replicate& b) {
  return same_process(a, b) && a.seed == b.seed &&
         std::ranges::equal(a.samples.t_s, b.samples.t_s, [](double one, double other) {
           return std::abs(one - other) <= kRounding * one;
         });
}

std::optional<CaseResult> without_repeats(const CaseResult& c) {
  std::vector<const Replicate*> once;
  for (const Replicate& replicate : c.replicates)
    if (std::ranges::none_of(
            once, [&](const Replicate* known) { return same_measurement(*known, replicate); }))
      once.push_back(&replicate);
  if (once.size() == c.replicates.size())
    return std::nullopt;
  std::vector<Replicate> kept;
  for (const Replicate* replicate : once)
    kept.push_back(*replicate);
  CaseResult result = c;
  result.replicates = std::move(kept);
  return result;
}

} // namespace bench::compare
