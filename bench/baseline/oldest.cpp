#include <bench/baseline/oldest.h>
#include <bench/baseline/transfer.h>

#include <algorithm>
#include <map>
#include <utility>

namespace bench::baseline {

using results::CaseResult;
using results::Replicate;
using results::Result;

Result keep_oldest(const std::optional<Result>& oldest, const Result& before, const Result& after) {
  constexpr std::size_t kMost = 3;
  const bool goes_on = oldest && same_model(*oldest, after);
  Result kept = goes_on ? *oldest : before;
  if (!goes_on) {
    kept.cases.clear();
    kept.argv.clear(); // no one command measured just these
  }
  if (!same_model(before, after))
    return kept;
  std::erase_if(kept.cases, [&](const CaseResult& c) {
    const CaseResult* now = find_case(after, c.id);
    return c.kind != kAnchor && now && !same_work(*now, c);
  });
  for (const CaseResult& c : before.cases) {
    const CaseResult* now = find_case(after, c.id);
    if (c.kind == kAnchor || !now || !same_work(*now, c))
      continue;
    CaseResult* known = find_case(kept, c.id);
    CaseResult lost = moved(c, before, kept);
    std::erase_if(lost.replicates,
                  [&](const Replicate& replicate) { return has_replicate(*now, replicate); });
    std::map<std::string, std::size_t> of_gpu;
    std::erase_if(lost.replicates, [&](const Replicate& r) {
      return (known && has_gpu(*known, r.device_uuid)) || ++of_gpu[r.device_uuid] > kMost;
    });
    if (lost.replicates.empty())
      continue;
    if (known) {
      add_replicates(*known, std::move(lost));
    } else {
      lost.profile.reset();
      kept.cases.push_back(std::move(lost));
    }
  }
  for (const CaseResult& c : before.cases) { // those that no kept replicate needs go again
    if (c.kind == kAnchor) {
      if (CaseResult* known = find_case(kept, c.id))
        add_replicates(*known, moved(c, before, kept));
      else
        kept.cases.push_back(moved(c, before, kept));
    }
  }
  prune_anchors(kept);
  std::erase_if(kept.cases, [](const CaseResult& c) { return c.replicates.empty(); });
  prune_origins(kept);
  return kept;
}

} // namespace bench::baseline
