#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// The candidate that `word` is most likely a misspelling of (least Damerau-Levenshtein distance,
/// at most a third of its length, but at least 2), or "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'steps'?" when one is near, else "; known: guidance, steps" (sorted).
std::string hint(std::string_view word, std::vector<std::string> candidates);

} // namespace bench
