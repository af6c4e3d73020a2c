#include <bench/base/error.h>
#include <bench/base/temporary_folder.h>
#include <bench/cli/compare.h>
#include <bench/results/fake_results.h>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bench::cli {
namespace {

constexpr std::string_view kNoise =
    R"({"schema_version": 1, "gpu": "NVIDIA H200", "source": "A/A", "regimes": {"graph loop":
    {"replicate_sd": 0.0001, "replicate_df": 50, "device_sd": 0, "device_df": 0,
     "extrapolation": 0, "device_extrapolation": 0}}})";

class CompareVerb : public testing::Test {
 protected:
  CompareVerb() {
    write_file_atomically(folder_ / "base/noise.json", kNoise);
    results::write(with(0.1), folder_ / "base/zimage.json");
    results::write(with(0.1), folder_ / "same.json");
    results::write(with(0.102), folder_ / "slower.json");
  }

  static results::Result with(double t_s) {
    return results::fake_result({results::fake_case("zimage/a", t_s)});
  }

  std::string run(CompareOptions options) {
    options.base = folder_ / (options.base.empty() ? "base" : options.base.string());
    options.fresh = folder_ / options.fresh.string();
    return folder_.printed([&](std::FILE* out) { code_ = compare_results(options, out); });
  }

  TemporaryFolder folder_;
  ExitCode code_ = ExitCode::ok;
};

TEST_F(CompareVerb, ExitsWithTheVerdict) {
  EXPECT_TRUE(run({.fresh = "same.json"}).ends_with("\nverdict: pass (1 pass)\n"));
  EXPECT_EQ(code_, ExitCode::ok);
  EXPECT_TRUE(run({.fresh = "slower.json"}).ends_with("\nverdict: regression (1 regression)\n"));
  EXPECT_EQ(code_, ExitCode::regression);
  run({.fresh = "slower.json", .fail_on = "invalid"});
  EXPECT_EQ(code_, ExitCode::ok);
}

TEST_F(CompareVerb, HoldsACaseAgainstAnother) {
  results::Result both = results::fake_result({results::fake_case("zimage/graph/aten", 0.1),
                                               results::fake_case("zimage/worker/other", 0.102)});
  both.cases[1].hash = "ffff456789abcdef";
  results::write(both, folder_ / "both.json");
  const std::string text = run({.base = "both.json",
                                .fresh = "both.json",
                                .noise = folder_ / "base/noise.json",
                                .only = "aten",
                                .with = "other"});
  EXPECT_NE(text.find("\nzimage/graph/aten -> worker/other "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\nverdict: regression (1 regression)\n")) << text;
  EXPECT_THROW(run({.base = "both.json", .fresh = "both.json", .only = "zimage", .with = "other"}),
               UsageError);
}

TEST_F(CompareVerb, BaseMayBeAFile) {
  run({.base = "base/zimage.json", .fresh = "slower.json"});
  EXPECT_EQ(code_, ExitCode::regression);
  run({.base = "slower.json", .fresh = "slower.json", .noise = folder_ / "base/noise.json"});
  EXPECT_EQ(code_, ExitCode::ok);
}

TEST_F(CompareVerb, ABaseWithoutNoiseBesideItHasThatOfTheGpu) {
  results::Result one = with(0.1); // one process tells nothing of the noise
  one.cases[0].replicates.resize(1);
  one.scenario_file = folder_ / "scenarios/zimage.yaml";
  results::write(one, folder_ / "one.json");
  EXPECT_NE(run({.base = "one.json", .fresh = "one.json"}).find("1 inconclusive"),
            std::string::npos);
  write_file_atomically(folder_ / "baselines/h200/noise.json", kNoise);
  EXPECT_NE(run({.base = "one.json", .fresh = "one.json"}).find("1 pass"), std::string::npos);
}

TEST_F(CompareVerb, WritesForPrograms) {
  EXPECT_TRUE(run({.fresh = "same.json", .format = "csv"}).starts_with("case,kind,verdict,"));
  const auto json = nlohmann::json::parse(run({.fresh = "slower.json", .format = "json"}));
  EXPECT_EQ(json["cases"][0]["verdict"], "regression");
}

TEST_F(CompareVerb, PairsDecideWhatTheBaselineCannot) {
  results::Result elsewhere = with(0.102);
  for (std::uint64_t i = 0; i < 3; ++i) {
    elsewhere.cases[0].replicates[i].device_uuid = "GPU-bbbb-1";
    elsewhere.cases[0].replicates[i].seed = i + 1;
  }
  results::write(elsewhere, folder_ / "elsewhere.json");
  results::write(elsewhere, folder_ / "pairs/a.json");
  results::write(elsewhere, folder_ / "pairs/b.json");
  EXPECT_THROW(run({.fresh = "elsewhere.json", .pairs = {folder_ / "pairs"}}), UsageError);
  write_file_atomically(folder_ / "pairs/ab.json", R"({"confidence": 0.99})");
  run({.fresh = "elsewhere.json", .fail_on = "inconclusive"});
  EXPECT_EQ(code_, ExitCode::inconclusive);
  const std::string text =
      run({.fresh = "elsewhere.json", .pairs = {folder_ / "pairs"}, .fail_on = "inconclusive"});
  EXPECT_EQ(code_, ExitCode::ok);
  EXPECT_TRUE(text.ends_with("\nverdict: pass (1 pass)\n")) << text;
  EXPECT_NE(text.find("\n1 case is decided by "), std::string::npos);
}

TEST_F(CompareVerb, SaysWhatIsNotThere) {
  results::Result other = with(0.1);
  other.scenario = "flux";
  results::write(other, folder_ / "flux.json");
  EXPECT_THROW(run({.fresh = "flux.json"}), UsageError);
  EXPECT_THROW(run({.fresh = "none.json"}), UsageError);
  EXPECT_THROW(run({.fresh = "same.json", .noise = folder_ / "none.json"}), UsageError);
  EXPECT_THROW(run({.fresh = "same.json", .fail_on = "slow"}), UsageError);
}

TEST(CompareArguments, AreParsed) {
  CLI::App app;
  CompareOptions options;
  add_compare(app, options);
  app.parse(
      "compare b.json n.json --format csv --fail-on missing,invalid --noise x.json --ab p --ab q");
  EXPECT_EQ(options.base, "b.json");
  EXPECT_EQ(options.fresh, "n.json");
  EXPECT_EQ(options.format, "csv");
  EXPECT_EQ(options.fail_on, "missing,invalid");
  EXPECT_EQ(options.noise, "x.json");
  EXPECT_EQ(options.pairs, (std::vector<std::filesystem::path>{"p", "q"}));
}

} // namespace
} // namespace bench::cli
