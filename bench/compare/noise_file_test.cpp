#include <bench/base/error.h>
#include <bench/compare/noise_file.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bench::compare {
namespace {

using Json = nlohmann::json;

Json document() {
  return Json::parse(R"({"schema_version": 1, "gpu": "NVIDIA H200", "source": "A/A",
    "regimes": {"graph loop": {"replicate_sd": 0.0002, "replicate_df": 20, "device_sd": 0.0004,
      "device_df": 10, "extrapolation": 0.01, "device_extrapolation": 0.02}},
    "cases": {"s/loop/a": {"hash": "0123456789abcdef", "replicate_sd": 0.0001, "replicate_df": 40,
      "covariates": {"clock": {"slope": 0.13, "slope_sd": 0.02, "df": 38},
                     "replicate_sd": 0.00005, "replicate_df": 39}},
      "s/loop/noisy": {"hash": "0123456789abcdef", "replicate_sd": 0.001, "replicate_df": 30}}})");
}

stats::NoisePrior prior(const Json& text, const results::CaseResult& c) {
  return noise_from_json(text.dump(), "n.json").prior(c);
}

std::string complaint(std::string_view text) {
  try {
    noise_from_json(text, "n.json");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

std::string complaint(const char* pointer, const Json& value) {
  Json changed = document();
  changed[Json::json_pointer(pointer)] = value;
  return complaint(changed.dump());
}

TEST(NoiseFile, ReadsPriors) {
  const NoiseFile noise = noise_from_json(document().dump(), "n.json");
  EXPECT_EQ(noise.gpu, "NVIDIA H200");
  const stats::NoisePrior prior = noise.prior(results::fake_case("s/loop/b", 0.1));
  EXPECT_EQ(prior.replicate_sd, 0.0002);
  EXPECT_EQ(prior.device_extrapolation, 0.02);
  EXPECT_FALSE(prior.covariates.known());
  results::CaseResult kernel = results::fake_case("s/rms_norm/b", 0.1);
  kernel.kind = "kernel";
  EXPECT_EQ(noise.prior(kernel).replicate_df, 0); // nothing is known
}

TEST(NoiseFile, WhatIsKnownOfACaseComesBeforeItsRegime) {
  const stats::NoisePrior known = prior(document(), results::fake_case("s/loop/a", 0.1));
  EXPECT_EQ(known.replicate_sd, 0.0001);
  EXPECT_EQ(known.replicate_df, 40);
  EXPECT_EQ(known.covariates.clock.slope, 0.13);
  EXPECT_EQ(known.covariates.clock.df, 38);
  EXPECT_EQ(known.covariates.temperature.df, 0);
  EXPECT_EQ(known.covariates.replicate_sd, 0.00005);
  EXPECT_EQ(known.devices.sd, 0.0004);
  EXPECT_EQ(known.devices.alike_df, 0);
  EXPECT_EQ(known.extrapolation, 0.01);
  Json with_kinds = document();
  with_kinds["regimes"]["graph loop"]["alike_device_sd"] = 0.0001;
  with_kinds["regimes"]["graph loop"]["alike_device_df"] = 6;
  EXPECT_EQ(prior(with_kinds, results::fake_case("s/loop/a", 0.1)).devices.alike_sd, 0.0001);
  EXPECT_EQ(prior(with_kinds, results::fake_case("s/loop/a", 0.1)).devices.alike_df, 6);
  Json regimes_only = document();
  regimes_only.erase("cases");
  EXPECT_EQ(prior(regimes_only, results::fake_case("s/loop/a", 0.1)).replicate_sd, 0.0002);
}

TEST(NoiseFile, WhatLiesBetweenTheGpusOfACaseComesBeforeItsRegimesToo) {
  Json known = document();
  known["regimes"]["graph loop"]["alike_device_sd"] = 0.0003;
  known["regimes"]["graph loop"]["alike_device_df"] = 3;
  known["cases"]["s/loop/a"]["device_sd"] = 0.0002;
  known["cases"]["s/loop/a"]["device_df"] = 14;
  const auto a = results::fake_case("s/loop/a", 0.1), b = results::fake_case("s/loop/b", 0.1);
  EXPECT_EQ(prior(known, a).devices.sd, 0.0002);
  EXPECT_EQ(prior(known, a).devices.df, 14);
  EXPECT_EQ(prior(known, a).devices.alike_df, 0); // of all GPUs, those of a kind among them
  EXPECT_EQ(prior(known, b).devices.sd, 0.0004);
  EXPECT_EQ(prior(known, b).devices.alike_df, 3);
  known["cases"]["s/loop/a"]["alike_device_sd"] = 0.00005;
  known["cases"]["s/loop/a"]["alike_device_df"] = 7;
  EXPECT_EQ(prior(known, a).devices.alike_sd, 0.00005);
  EXPECT_EQ(prior(known, a).devices.alike_df, 7);
  // Held against each other they differ as the one that differs more.
  const NoiseFile noise = noise_from_json(known.dump(), "n.json");
  EXPECT_EQ(noise.prior(a, b).devices.sd, 0.0004);
  EXPECT_EQ(noise.prior(b, a).devices.alike_df, 3);
  results::CaseResult kernel = a; // of whose regime nothing is known
  kernel.id = "s/rms_norm/a";
  kernel.kind = "kernel";
  EXPECT_EQ(noise.prior(a, kernel).devices.df, 0);
}

TEST(NoiseFile, OfOtherWorkUnderTheSameIdItKnowsTheRegime) {
  results::CaseResult smaller = results::fake_case("s/loop/a", 0.1);
  smaller.hash = "fedcba9876543210";
  EXPECT_EQ(prior(document(), smaller).replicate_sd, 0.0002);
}

TEST(NoiseFile, KnowsWhatARegimeFollows) {
  Json follows = document();
  follows["regimes"]["graph loop"]["covariates"] = document()["cases"]["s/loop/a"]["covariates"];
  const stats::NoisePrior known = prior(follows, results::fake_case("s/loop/unknown", 0.1));
  EXPECT_EQ(known.replicate_sd, 0.0002);
  EXPECT_EQ(known.covariates.clock.df, 38);
  EXPECT_FALSE(prior(document(), results::fake_case("s/loop/unknown", 0.1)).covariates.known());
}

TEST(NoiseFile, OfTwoPathsTheNoisierOneCounts) {
  const NoiseFile noise = noise_from_json(document().dump(), "n.json");
  const auto quiet = results::fake_case("s/loop/a", 0.1),
             noisy = results::fake_case("s/loop/noisy", 0.1),
             unknown = results::fake_case("s/loop/b", 0.1);
  EXPECT_EQ(noise.prior(quiet, quiet).covariates.clock.df, 38);
  for (const stats::NoisePrior& both : {noise.prior(quiet, noisy), noise.prior(noisy, quiet)}) {
    EXPECT_EQ(both.replicate_sd, 0.001);
    EXPECT_EQ(both.replicate_df, 30);
    EXPECT_FALSE(both.covariates.known());
  }
  EXPECT_EQ(noise.prior(quiet, unknown).replicate_sd, 0.0002);
  EXPECT_EQ(noise.prior(unknown, quiet).replicate_df, 20);
  results::CaseResult kernel =
      results::fake_case("s/rms_norm/a", 0.1); // of whose regime nothing is known
  kernel.kind = "kernel";
  EXPECT_EQ(noise.prior(quiet, kernel).replicate_df, 0);
}

TEST(NoiseFile, KernelsOfTwoPathsFollowTheClockOfTheirRegime) {
  Json known = document();
  known["regimes"]["kernel"] = document()["regimes"]["graph loop"];
  known["regimes"]["kernel"]["covariates"] = document()["cases"]["s/loop/a"]["covariates"];
  const NoiseFile noise = noise_from_json(known.dump(), "n.json");
  results::CaseResult one = results::fake_case("s/rms_norm/a", 0.1),
                      other = results::fake_case("s/rms_norm/b", 0.1);
  one.kind = other.kind = "kernel";
  EXPECT_EQ(noise.prior(one, other).covariates.clock, noise.prior(one).covariates.clock);
  EXPECT_TRUE(noise.prior(one, other).covariates.known());
}

TEST(NoiseFile, IsOfOneGpuModel) {
  const NoiseFile noise = noise_from_json(document().dump(), "n.json");
  std::vector<std::string> notes;
  results::Result result = results::fake_result({});
  EXPECT_FALSE(noise_known_of(result, noise, notes).regimes.empty());
  EXPECT_TRUE(notes.empty());
  result.machine["gpu"]["name"] = "NVIDIA H200 NVL";
  EXPECT_TRUE(noise_known_of(result, noise, notes).regimes.empty());
  EXPECT_EQ(notes,
            std::vector<std::string>{"what is known of the noise is of NVIDIA H200 and not used"});
}

TEST(NoiseFile, NamesThePlaceOfAFault) {
  EXPECT_EQ(complaint("{\n oops"), "n.json:2:2: not JSON");
  EXPECT_EQ(complaint("[]"), "n.json: /: must be an object, not an array");
  EXPECT_EQ(complaint("/schema_version", 2), "n.json: /schema_version: 2: this bench reads 1");
  EXPECT_EQ(complaint("/regimes/graph loop/device_sd", -1),
            "n.json: /regimes/graph loop/device_sd: must be a number >= 0, not -1");
  EXPECT_EQ(complaint("/regimes/graph loop", Json::object()),
            "n.json: /regimes/graph loop/replicate_sd: missing");
  EXPECT_EQ(complaint("/regimes/kernels", document()["regimes"]["graph loop"]),
            "n.json: /regimes/kernels: no such regime; known: graph loop, eager loop, kernel, "
            "short kernel");
  EXPECT_EQ(complaint("/cases/s~1loop~1a/replicate_df", -2),
            "n.json: /cases/s~1loop~1a/replicate_df: must be a number >= 0, not -2");
  EXPECT_EQ(complaint("/cases/s~1loop~1a/covariates/clock/df", 0),
            "n.json: /cases/s~1loop~1a/covariates/clock/df: must be a number > 0, not 0");
  EXPECT_EQ(complaint("/gpu", 1), "n.json: /gpu: must be a string, not 1");
  EXPECT_THROW(read_noise_file("no/such/noise.json"), UsageError);
}

} // namespace
} // namespace bench::compare
