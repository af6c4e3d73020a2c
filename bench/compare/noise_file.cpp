#include <bench/base/file.h>
#include <bench/compare/comparison.h>
#include <bench/compare/noise_file.h>
#include <bench/results/json_node.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace bench::compare {
namespace {

using results::JsonDocument;
using results::JsonNode;

constexpr int kSchemaVersion = 1;

stats::Covariate read_covariate(const JsonNode& node) {
  return {.slope = node.at("slope").finite(),
          .slope_sd = node.at("slope_sd").not_negative(),
          .df = node.at("df").positive()};
}

stats::CovariatePrior read_covariates(const JsonNode& node) {
  const auto covariate = [&](const char* key) {
    return node.optional(key, read_covariate).value_or(stats::Covariate{});
  };
  return {.clock = covariate("clock"),
          .temperature = covariate("temperature"),
          .replicate_sd = node.at("replicate_sd").not_negative(),
          .replicate_df = node.at("replicate_df").not_negative()};
}

stats::CovariatePrior optional_covariates(const JsonNode& node) {
  return node.optional("covariates", read_covariates).value_or(stats::CovariatePrior{});
}

double or_zero(const JsonNode& node, const char* key) {
  return node.optional(key, &JsonNode::not_negative).value_or(0);
}

/// `number` reads those that a regime must have and a case may.
template <typename Number>
stats::DeviceNoise read_devices(const JsonNode& node, const Number& number) {
  return {.sd = number("device_sd"),
          .df = number("device_df"),
          .alike_sd = or_zero(node, "alike_device_sd"),
          .alike_df = or_zero(node, "alike_device_df")};
}

stats::NoisePrior read_prior(const JsonNode& node) {
  const auto number = [&](const char* key) { return node.at(key).not_negative(); };
  return {
      .replicate_sd = number("replicate_sd"),
      .replicate_df = number("replicate_df"),
      .devices = read_devices(node, number),
      .extrapolation = number("extrapolation"),
      .device_extrapolation = number("device_extrapolation"),
      .covariates = optional_covariates(node),
  };
}

NoiseFile::CaseNoise read_case_noise(const JsonNode& node) {
  const auto number = [&](const char* key) { return or_zero(node, key); };
  return {.hash = node.at("hash").text(),
          .replicate_sd = node.at("replicate_sd").not_negative(),
          .replicate_df = node.at("replicate_df").not_negative(),
          .devices = read_devices(node, number),
          .covariates = optional_covariates(node)};
}

/// A misspelt regime would be noise that nobody uses.
void check_regimes(const JsonNode& regimes, const NoiseFile& noise) {
  constexpr std::array<std::string_view, 4> kRegimes{"graph loop", "eager loop", "kernel",
                                                     "short kernel"};
  for (const auto& [name, prior] : noise.regimes) {
    if (std::ranges::find(kRegimes, name) == kRegimes.end()) {
      regimes.at(name.c_str())
          .fail(fmt::format("no such regime; known: {}", fmt::join(kRegimes, ", ")));
    }
  }
}

} // namespace

stats::NoisePrior NoiseFile::prior(const results::CaseResult& c) const {
  const auto of_regime = regimes.find(regime(c));
  stats::NoisePrior prior = of_regime == regimes.end() ? stats::NoisePrior{} : of_regime->second;
  if (const auto known = cases.find(c.id); known != cases.end() && known->second.hash == c.hash) {
    prior.replicate_sd = known->second.replicate_sd;
    prior.replicate_df = known->second.replicate_df;
    if (known->second.devices.df > 0)
      prior.devices = known->second.devices;
    prior.covariates = known->second.covariates;
  }
  return prior;
}

stats::NoisePrior NoiseFile::prior(const results::CaseResult& one,
                                   const results::CaseResult& other) const {
  const stats::NoisePrior a = prior(one);
  if (one.id == other.id && one.hash == other.hash)
    return a;
  const stats::NoisePrior b = prior(other);
  stats::NoisePrior noisier = a.replicate_sd < b.replicate_sd ? b : a;
  if (a.replicate_df <= 0 || b.replicate_df <= 0)
    noisier.replicate_df = 0;
  const bool devices_known = a.devices.df > 0 && b.devices.df > 0;
  noisier.devices = !devices_known                ? stats::DeviceNoise{}
                    : a.devices.sd < b.devices.sd ? b.devices
                                                  : a.devices;
  // Of another path they explain something else, but kernels of a regime follow the clock alike.
  const stats::CovariatePrior &of_a = a.covariates, &of_b = b.covariates;
  const bool alike = of_a.clock == of_b.clock && of_a.temperature.df <= 0 &&
                     of_b.temperature.df <= 0 && one.kind == "kernel" && other.kind == "kernel";
  noisier.covariates = !alike                                  ? stats::CovariatePrior{}
                       : of_a.replicate_sd < of_b.replicate_sd ? of_b
                                                               : of_a;
  return noisier;
}

NoiseFile noise_known_of(const results::Result& result, const NoiseFile& noise,
                         std::vector<std::string>& notes) {
  if (noise.gpu.empty() || noise.gpu == gpu_name(result))
    return noise;
  notes.push_back(fmt::format("what is known of the noise is of {} and not used", noise.gpu));
  return {};
}

NoiseFile noise_from_json(std::string_view text, const std::string& origin) {
  const JsonDocument document = JsonDocument::parse(text, origin);
  const JsonNode root(document, origin);
  const JsonNode version = root.at("schema_version");
  if (const int number = version.count<int>(); number != kSchemaVersion)
    version.fail(fmt::format("{}: this bench reads {}", number, kSchemaVersion));
  const JsonNode regimes = root.at("regimes");
  NoiseFile noise{
      .gpu = root.at("gpu").text(),
      .source = root.at("source").text(),
      .regimes = regimes.map(read_prior),
      .cases =
          root.optional("cases", [](const JsonNode& cases) { return cases.map(read_case_noise); })
              .value_or(std::map<std::string, NoiseFile::CaseNoise>{}),
  };
  check_regimes(regimes, noise);
  return noise;
}

NoiseFile read_noise_file(const std::filesystem::path& path) {
  return noise_from_json(read_file(path), path.string());
}

NoiseFile noise_in(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kNoiseFileName;
  return std::filesystem::exists(file) ? read_noise_file(file) : NoiseFile{};
}

} // namespace bench::compare
