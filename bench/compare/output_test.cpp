#include <bench/compare/output.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace bench::compare {
namespace {

using stats::Verdict;

Comparison sample() {
  Comparison comparison;
  comparison.scenario = "zimage";
  comparison.profile = "gate";
  comparison.notes = {"environment changed: cudnn 9.1 -> 9.2"};
  CaseComparison judged{.id = "zimage/a", .kind = "loop", .verdict = Verdict::pass};
  judged.judgement.emplace();
  judged.judgement->work = {.estimate = 0.0005, .half_width = 0.00025};
  judged.judgement->wall = 0.0025;
  judged.judgement->clock = 0.002;
  judged.judgement->slope = -0.75;
  judged.judgement->base_replicates = judged.judgement->new_replicates = 3;
  judged.base_t_s = 0.1;
  judged.new_t_s = 0.10025;
  judged.base_energy_j = 67.5;
  judged.judgement->log_clock = std::log(1.5e9);
  judged.judgement->base_log_t = std::log(0.1);
  judged.warnings = {"output differs"};
  judged.base_replicates.emplace_back().process = 7;
  comparison.cases.push_back(judged);
  comparison.cases.push_back(
      {.id = "zimage/b", .kind = "kernel", .verdict = Verdict::missing, .reason = "so, \"so\""});
  return comparison;
}

TEST(Output, Csv) {
  EXPECT_EQ(to_csv(sample()),
            "case,kind,verdict,base_t_s,new_t_s,wall,work,work_half_width,clock,slope,gate,"
            "same_device,base_replicates,new_replicates,reason,warnings,base_energy_j,new_energy_j,"
            "exact,covariates\n"
            "zimage/a,loop,pass,0.1,0.10025,0.0025,0.0005,0.00025,0.002,-0.75,0.002,true,3,3,,"
            "output differs,67.5,,,\n"
            "zimage/b,kernel,missing,,,,,,,,0.002,,,,\"so, \"\"so\"\"\",,,,,\n");
}

TEST(Output, Json) {
  Comparison comparison = sample();
  comparison.cases[0].judgement->work.half_width = std::numeric_limits<double>::infinity();
  const auto json = nlohmann::json::parse(to_json(comparison).dump());
  EXPECT_EQ(json["counts"]["pass"], 1);
  EXPECT_EQ(json["cases"][0]["judgement"]["wall"], 0.0025);
  EXPECT_TRUE(json["cases"][0]["judgement"]["covariates"].is_null());
  EXPECT_TRUE(json["cases"][0]["judgement"]["work_half_width"].is_null());
  EXPECT_NEAR(json["cases"][0]["judgement"]["clock_hz"].get<double>(), 1.5e9, 1);
  EXPECT_NEAR(json["cases"][0]["judgement"]["new_work_t_s"].get<double>(), 0.1 * std::exp(0.0005),
              1e-12);
  EXPECT_EQ(json["cases"][0]["base_replicates"][0]["process"], 7);
  EXPECT_TRUE(json["cases"][0]["base_replicates"][0]["energy_j"].is_null());
  EXPECT_TRUE(json["cases"][1]["judgement"].is_null());
  EXPECT_EQ(json["cases"][1]["reason"], "so, \"so\"");
  EXPECT_EQ(json["notes"][0], "environment changed: cudnn 9.1 -> 9.2");
}

TEST(Output, JsonWithTheVerdictOnTheWhole) {
  const auto json = nlohmann::json::parse(to_json(sample(), {Verdict::missing}).dump());
  EXPECT_EQ(json["fail_on"], nlohmann::json::array({"missing"}));
  EXPECT_EQ(json["verdict"], "missing");
  EXPECT_EQ(json["exit_code"], 5);
  EXPECT_EQ(json["verdict_line"], "verdict: missing (1 pass, 1 missing)");
}

} // namespace
} // namespace bench::compare
