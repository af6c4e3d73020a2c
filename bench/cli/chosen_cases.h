#pragma once

#include <bench/results/result.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bench::cli {

/// The cases of `result` (of `file`, for messages), but for anchors, whose id is `pattern` or in
/// whose id the regular expression is found. Throws UsageError for none, naming the nearest.
std::vector<const results::CaseResult*> cases_matching(const results::Result& result,
                                                       const std::string& pattern,
                                                       const std::filesystem::path& file);

/// The only one. Throws UsageError for several.
const results::CaseResult* the_case(const results::Result& result, const std::string& pattern,
                                    const std::filesystem::path& file);

} // namespace bench::cli
