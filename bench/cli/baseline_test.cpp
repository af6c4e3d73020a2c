#include <bench/base/error.h>
#include <bench/base/temporary_folder.h>
#include <bench/cli/baseline.h>
#include <bench/results/fake_results.h>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace bench::cli {
namespace {

using results::fake_case;
using results::fake_result;

class BaselineVerb : public testing::Test {
 protected:
  std::string run(BaselineOptions options) {
    return folder_.printed([&](std::FILE* out) { code_ = baseline(options, out); });
  }
  std::string promote(const std::string& file, bool force = false) {
    return run({.action = "promote",
                .results = {folder_ / file},
                .reason = "a new torch",
                .into = folder_ / "h200",
                .force = force});
  }
  /// The output without the folder's name, which no golden can hold.
  std::string short_names(std::string text) const {
    const std::string prefix = (folder_ / "").string();
    for (std::size_t at; (at = text.find(prefix)) != text.npos;)
      text.erase(at, prefix.size());
    return text;
  }

  TemporaryFolder folder_;
  ExitCode code_ = ExitCode::ok;
};

TEST_F(BaselineVerb, PromotesAndSaysWhatItChanges) {
  results::write(results::fake_result({results::fake_case("zimage/a", 0.1)}), folder_ / "r.json");
  EXPECT_EQ(short_names(promote("r.json")),
            "baseline: h200/zimage.json (1 cases, 3 kB); commit it\n");
  const results::Result kept = results::read(folder_ / "h200/zimage.json");
  EXPECT_EQ(kept.settings.at("promotion").at("reason"), "a new torch");
  EXPECT_EQ(kept.settings.at("promotion").at("when").size(), 20u);

  results::write(results::fake_result({results::fake_case("zimage/a", 0.102)}),
                 folder_ / "slower.json");
  EXPECT_NE(promote("slower.json").find("verdict: "), std::string::npos);
  EXPECT_NEAR(results::read(folder_ / "h200/zimage.json").cases[0].replicates[0].samples.t_s[0],
              0.102, 1e-4);
}

TEST_F(BaselineVerb, ARefusedPromotionLeavesTheBaselineAlone) {
  results::write(results::fake_result({results::fake_case("zimage/a", 0.1)}), folder_ / "r.json");
  promote("r.json");
  const std::string before = read_file(folder_ / "h200/zimage.json");
  results::Result dirty = results::fake_result({results::fake_case("zimage/a", 0.2)});
  dirty.git_dirty = true;
  results::write(dirty, folder_ / "dirty.json");
  EXPECT_THROW(promote("dirty.json"), UsageError);
  results::write(results::fake_result({results::fake_case("zimage/a", 0.1, 20'000)}),
                 folder_ / "large.json");
  EXPECT_THROW(promote("large.json"), UsageError);
  EXPECT_EQ(read_file(folder_ / "h200/zimage.json"), before);
}

TEST_F(BaselineVerb, ReplacesNoBaselineOfAnotherGpuModelUnlessForced) {
  results::Result result = results::fake_result({results::fake_case("zimage/a", 0.1)});
  results::write(result, folder_ / "r.json");
  promote("r.json");
  result.machine["gpu"]["name"] = "NVIDIA H100 80GB HBM3";
  results::write(result, folder_ / "h100.json");
  try {
    promote("h100.json");
    FAIL() << "was promoted";
  } catch (const UsageError& error) {
    EXPECT_EQ(short_names(error.what()),
              "h200/zimage.json is of NVIDIA H200, h100.json of NVIDIA H100 80GB HBM3: name "
              "another folder with --into, or --force to replace the baseline");
  }
  EXPECT_EQ(results::read(folder_ / "h200/zimage.json").machine["gpu"]["name"], "NVIDIA H200");
  promote("h100.json", /*force=*/true);
  EXPECT_EQ(results::read(folder_ / "h200/zimage.json").machine["gpu"]["name"],
            "NVIDIA H100 80GB HBM3");
}

TEST_F(BaselineVerb, Shows) {
  results::write(results::fake_result(
                     {results::fake_case("zimage/a", 0.1), results::fake_case("zimage/b", 25e-6)}),
                 folder_ / "r.json");
  promote("r.json");
  std::string shown = short_names(run({.action = "show", .path = folder_ / "h200"}));
  const std::size_t when = shown.find("promoted ") + 9;
  shown.replace(when, 10, "DATE");
  EXPECT_EQ(shown, R"(h200/zimage.json: zimage, profile gate, on NVIDIA H200
promoted DATE of 0123456789ab: a new torch

case      GPUs  replicates      time        date
zimage/a     1           3  100.0 ms  2026-11-24
zimage/b     1           3  25.00 us  2026-11-24
)");
}

TEST_F(BaselineVerb, StepsBelowTheGateAddUpInSight) {
  // Known so well that three processes decide.
  write_file_atomically(folder_ / "h200/noise.json", R"({"schema_version": 1, "gpu": "NVIDIA H200",
    "source": "made up", "regimes": {"graph loop": {"replicate_sd": 1e-4, "replicate_df": 50,
    "device_sd": 0, "device_df": 0, "extrapolation": 0.01, "device_extrapolation": 0}}})");
  std::string said;
  for (int step = 0; step < 4; ++step) { // of 0.15 % each, where the gate is 0.2 %
    results::Result result = results::fake_result(
        {results::fake_case("zimage/a", 0.1 * (1 + 0.0015 * step)),
         results::fake_case("zimage/b", 0.1 * (1 - 1e-6 * step))}); // too little to be seen
    result.started = "2026-11-2" + std::to_string(step) + "T10:00:00Z";
    for (results::CaseResult& c : result.cases)
      for (results::Replicate& replicate : c.replicates)
        replicate.started = result.started;
    results::write(result, folder_ / "r.json");
    said = short_names(promote("r.json"));
    EXPECT_EQ(said.find("has become") != said.npos, step >= 2) << step << ": " << said;
  }
  EXPECT_NE(said.find("(2 pass)"), said.npos) << "the last step by itself: " << said;
  EXPECT_NE(said.find("since 2026-11-20 zimage/a has become slower by 0.45 % +- 0.0"), said.npos)
      << said;
  EXPECT_NE(said.find("what was measured first is kept: h200/oldest/zimage.json; commit it too\n"),
            said.npos);
  const std::string shown = short_names(run({.action = "show", .path = folder_ / "h200"}));
  EXPECT_NE(shown.find("2026-11-23  2026-11-20  +0.45 %  0.0"), shown.npos) << shown;
  EXPECT_NE(shown.find("2026-11-23  2026-11-20  +0.00 %  0.0"), shown.npos) << shown;
  EXPECT_EQ(shown.find("oldest/"), shown.npos) << "no baseline by itself";
  EXPECT_EQ(short_names(run({.action = "check", .path = folder_ / "h200"})), "3 files: fine\n");
  std::filesystem::remove(folder_ / "h200/zimage.json"); // what was first stays
  promote("r.json");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "h200/oldest/zimage.json"));
}

TEST_F(BaselineVerb, ChecksEveryFile) {
  const auto check = [&] {
    return short_names(run({.action = "check", .path = folder_ / "h200"}));
  };
  results::write(results::fake_result({results::fake_case("zimage/a", 0.1)}),
                 folder_ / "h200/zimage.json");
  EXPECT_EQ(check(), "1 file: fine\n");
  EXPECT_EQ(code_, ExitCode::ok);
  write_file_atomically(folder_ / "h200/noise.json", "{}");
  results::Result wrong = results::fake_result({results::fake_case("flux/a", 0.1)});
  wrong.cases[0].hash = "none";
  results::write(wrong, folder_ / "h200/flux.json");
  EXPECT_EQ(check(), "h200/flux.json: flux/a: its hash must be 16 hex digits, not 'none'\n"
                     "h200/noise.json: /schema_version: missing\n"
                     "3 files: 2 faulty\n");
  EXPECT_EQ(code_, ExitCode::usage);
}

TEST_F(BaselineVerb, AnEmptyFolderIsAnError) {
  std::filesystem::create_directories(folder_ / "none");
  EXPECT_THROW(run({.action = "show", .path = folder_ / "none"}), UsageError);
}

TEST(BaselineArguments, AreParsed) {
  CLI::App app;
  BaselineOptions options;
  add_baseline(app, options);
  app.parse("baseline promote a.json b.json --reason why --into x --force");
  EXPECT_EQ(options.action, "promote");
  EXPECT_EQ(options.results.size(), 2u);
  EXPECT_EQ(options.reason, "why");
  EXPECT_TRUE(options.force);
  app.parse("baseline check baselines/h200");
  EXPECT_EQ(options.action, "check");
  EXPECT_EQ(options.path, "baselines/h200");
  EXPECT_THROW(app.parse("baseline"), CLI::ParseError);
}

} // namespace
} // namespace bench::cli
