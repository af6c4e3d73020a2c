#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/compare/baseline_lookup.h>
#include <bench/compare/promotion.h>
#include <bench/compare/side_by_side.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace bench::compare {

namespace {

std::filesystem::path baselines_for(const results::Result& result) {
  const auto folder = std::filesystem::path(result.scenario_file).parent_path() / ".." /
                      "baselines" / gpu_folder(result, result.scenario_file);
  return folder.lexically_normal();
}

} // namespace

NoiseFile noise_for(const results::Result& result) {
  const bool has_gpu = result.device != "cpu" && !gpu_name(result).empty();
  return has_gpu ? noise_in(baselines_for(result)) : NoiseFile{};
}

NoiseFile noise_of(const std::filesystem::path& baseline, const results::Result& result) {
  const std::filesystem::path folder = baseline.parent_path();
  return std::filesystem::exists(folder / kNoiseFileName) ? noise_in(folder) : noise_for(result);
}

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
  const auto comparison = compare(results::read(file), result, noise_of(baseline, result));
  for (const CaseComparison& c : comparison.cases) {
    if (!c.judgement)
      continue;
    std::string date = c.base_replicates.front().started;
    for (const ReplicateMean& replicate : c.base_replicates)
      date = std::min(date, replicate.started);
    drifts.push_back({c.id, c.gate, c.judgement->work, date.substr(0, 10)});
  }
  return drifts;
}

AbComparison read_pairs(const std::filesystem::path& folder) {
  const results::Result a = results::read(folder / "a.json");
  const results::Result b = results::read(folder / "b.json");
  const auto kept = nlohmann::json::parse(read_file(folder / "ab.json"), nullptr, false);
  const double confidence = kept.is_object() ? kept.value("confidence", 0.99) : 0.99;
  return compare_pairs(a, b, noise_for(b), confidence);
}

void decide_by_pairs(Comparison& comparison, const std::vector<std::filesystem::path>& folders) {
  for (const std::filesystem::path& folder : folders)
    decide_by_pairs(comparison, read_pairs(folder), folder.string());
}

std::filesystem::path baseline_file(const std::filesystem::path& place,
                                    const std::string& scenario) {
  if (!std::filesystem::is_directory(place))
    return place;
  const std::filesystem::path file = place / (scenario + ".json");
  if (!std::filesystem::exists(file))
    throw UsageError(
        fmt::format("{}: no {}.json, the baseline of scenario {}; keep one with `bench "
                    "baseline promote`",
                    place.string(), scenario, scenario));
  return file;
}

std::optional<Baseline> find_baseline(const std::string& path, const results::Result& result) {
  if (path == "none")
    return std::nullopt;
  std::filesystem::path file;
  if (path.empty()) {
    file = baselines_for(result) / (result.scenario + ".json");
    if (!std::filesystem::exists(file))
      return std::nullopt;
  } else {
    file = baseline_file(path, result.scenario);
  }
  return Baseline{.file = file, .result = results::read(file), .noise = noise_of(file, result)};
}

} // namespace bench::compare
