#include <bench/base/error.h>
#include <bench/compare/side_by_side.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

namespace bench::compare {
namespace {

using stats::Verdict;

/// Says what the verdicts of `count` cases rest on, which the baseline knows by `revisions`.
std::string note(const Comparison& comparison, const AbComparison& pairs, std::size_t count,
                 const std::set<std::string>& revisions) {
  // Which build stands for the baseline's is the caller's choice; another one is not silent.
  const std::string of = revisions == std::set{pairs.a.git_sha}
                             ? ""
                             : fmt::format(", of {},", fmt::join(revisions, " and "));
  std::string text = fmt::format(
      "{} case{} decided by {} and this build in turn on {}, since the baseline{} cannot", count,
      count == 1 ? " is" : "s are", pairs.a.git_sha, pairs.b.gpu, of);
  if (pairs.b.git_sha != comparison.fresh.git_sha) {
    text += fmt::format("; what was built then is {}, what the result is of {}", pairs.b.git_sha,
                        comparison.fresh.git_sha);
  }
  return text;
}

} // namespace

bool wants_pairs(const CaseComparison& c) {
  return c.verdict == Verdict::inconclusive && c.judgement && c.judgement->wants_pairs;
}

const std::string& revision_for_pairs(const Comparison& comparison, const CaseComparison& c) {
  return c.base_revision.empty() ? comparison.base.git_sha : c.base_revision;
}

void decide_by_pairs(Comparison& comparison, const AbComparison& pairs, const std::string& folder) {
  if (pairs.b.model != comparison.fresh.model) {
    throw UsageError(fmt::format("{}: its pairs are of {}, the result of {}", folder, pairs.b.model,
                                 comparison.fresh.model));
  }
  const Comparison decided = as_comparison(pairs);
  std::size_t count = 0;
  std::set<std::string> revisions;
  for (CaseComparison& c : comparison.cases) {
    if (!wants_pairs(c) && c.pairs_of.empty())
      continue;
    const auto found = std::ranges::find(decided.cases, c.id, &CaseComparison::id);
    if (found == decided.cases.end())
      continue; // not measured in pairs
    if (found->verdict == Verdict::missing || found->verdict == Verdict::invalid ||
        !found->judgement) {
      c.reason +=
          fmt::format("; in turn with the baseline's build it is {}", to_string(found->verdict));
      c.reason += found->reason.empty() ? "" : ": " + found->reason;
      continue;
    }
    if (found->works != c.works) {
      c.reason += fmt::format("; the pairs in {} are of other work", folder);
      continue;
    }
    std::vector<LoopShare> loops = std::move(c.loops);
    std::string revision = revision_for_pairs(comparison, c);
    c = *found;
    c.loops = std::move(loops);
    c.base_revision = std::move(revision);
    revisions.insert(c.base_revision);
    for (LoopShare& loop : c.loops)
      loop.drift = loop.share * std::expm1(c.judgement->work.estimate);
    c.pairs_of = folder;
    ++count;
  }
  if (count > 0)
    comparison.notes.push_back(note(comparison, pairs, count, revisions));
}

} // namespace bench::compare
