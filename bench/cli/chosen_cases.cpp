#include <bench/base/error.h>
#include <bench/base/nearest.h>
#include <bench/base/pattern.h>
#include <bench/cli/chosen_cases.h>

#include <fmt/format.h>

namespace bench::cli {

using results::CaseResult;
using results::Result;

std::vector<const CaseResult*> cases_matching(const Result& result, const std::string& pattern,
                                              const std::filesystem::path& file) {
  const Pattern wanted = pattern_option("CASE", pattern);
  std::vector<const CaseResult*> cases;
  std::vector<std::string> ids;
  for (const CaseResult& c : result.cases) {
    if (c.kind == "anchor")
      continue;
    ids.push_back(c.id);
    if (c.id == pattern)
      return {&c};
    if (wanted.is_in(c.id))
      cases.push_back(&c);
  }
  if (cases.empty())
    throw UsageError(fmt::format("{}: no case '{}'{}", file.string(), pattern, hint(pattern, ids)));
  return cases;
}

const CaseResult* the_case(const Result& result, const std::string& pattern,
                           const std::filesystem::path& file) {
  const auto cases = cases_matching(result, pattern, file);
  if (cases.size() > 1) {
    throw UsageError(fmt::format("{}: '{}' is {} cases, {} and {} among them; name one",
                                 file.string(), pattern, cases.size(), cases[0]->id, cases[1]->id));
  }
  return cases.front();
}

} // namespace bench::cli
