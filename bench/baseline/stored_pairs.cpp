#include <bench/base/file.h>
#include <bench/baseline/lookup.h>
#include <bench/baseline/stored_pairs.h>
#include <bench/compare/side_by_side.h>

#include <nlohmann/json.hpp>

namespace bench::baseline {

compare::AbComparison read_pairs(const std::filesystem::path& folder) {
  const results::Result a = results::read(folder / "a.json");
  const results::Result b = results::read(folder / "b.json");
  const auto kept = nlohmann::json::parse(read_file(folder / "ab.json"), nullptr, false);
  const double confidence = kept.is_object() ? kept.value("confidence", 0.99) : 0.99;
  return compare::compare_pairs(a, b, noise_for(b), confidence);
}

void decide_by_pairs(compare::Comparison& comparison,
                     const std::vector<std::filesystem::path>& folders) {
  for (const std::filesystem::path& folder : folders)
    compare::decide_by_pairs(comparison, read_pairs(folder), folder.string());
}

} // namespace bench::baseline
