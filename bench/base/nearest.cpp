#include <bench/base/nearest.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace bench {

namespace {

/// Damerau-Levenshtein distance, restricted to transpositions of neighbours that are not edited
/// again.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_previous(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({substitution, previous[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_previous[j - 2] + 1);
    }
    before_previous.swap(previous);
    previous.swap(row);
  }
  return previous[b.size()];
}

} // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t allowed = std::max<std::size_t>(2, word.size() / 3);
  for (const std::string& candidate : candidates) {
    // Of two words of two letters every one is two edits from every other: ask for a common part.
    const std::size_t nothing_in_common = std::max(word.size(), candidate.size());
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < nothing_in_common &&
        (distance < allowed || (best.empty() && distance == allowed))) {
      best = candidate;
      allowed = distance;
    }
  }
  return best;
}

std::string hint(std::string_view word, std::vector<std::string> candidates) {
  if (candidates.empty())
    return "; none is known";
  std::ranges::sort(candidates);
  if (const std::string near = nearest(word, candidates); !near.empty())
    return fmt::format("; did you mean '{}'?", near);
  return fmt::format("; known: {}", fmt::join(candidates, ", "));
}

} // namespace bench
