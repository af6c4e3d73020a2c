#include <bench/base/error.h>
#include <bench/baseline/lookup.h>
#include <bench/baseline/promotion.h>
#include <bench/compare/comparison.h>

#include <fmt/format.h>

namespace bench::baseline {

namespace {

std::filesystem::path baselines_for(const results::Result& result) {
  const auto folder = std::filesystem::path(result.scenario_file).parent_path() / ".." /
                      "baselines" / gpu_folder(result, result.scenario_file);
  return folder.lexically_normal();
}

} // namespace

compare::NoiseFile noise_for(const results::Result& result) {
  const bool has_gpu = result.device != "cpu" && !compare::gpu_name(result).empty();
  return has_gpu ? compare::noise_in(baselines_for(result)) : compare::NoiseFile{};
}

compare::NoiseFile noise_of(const std::filesystem::path& baseline, const results::Result& result) {
  const std::filesystem::path folder = baseline.parent_path();
  return std::filesystem::exists(folder / compare::kNoiseFileName) ? compare::noise_in(folder)
                                                                   : noise_for(result);
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

} // namespace bench::baseline
