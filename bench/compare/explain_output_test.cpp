#include <bench/compare/explain_output.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace bench::compare {
namespace {

std::vector<CaseExplanation> sample() {
  const results::KernelProfile base{.source = "CUPTI 13.0 activity",
                                    .samples = 8,
                                    .sample_s = 0.1,
                                    .gaps_s = 0.01,
                                    .kernels = {{.name = "norm<int, float>",
                                                 .operation = "rms_norm",
                                                 .grid = {8, 1, 1},
                                                 .launches = 10,
                                                 .total_s = 0.09,
                                                 .median_s = 0.009}}};
  results::KernelProfile fresh = base;
  fresh.kernels[0].launches = 11;
  fresh.kernels[0].total_s = 0.11;
  fresh.sample_s = 0.125;
  fresh.gaps_s = 0.015;
  results::CaseResult before = results::fake_case("a", 0.1), now = results::fake_case("b,c", 0.125);
  before.profile = base;
  now.profile = fresh;
  const results::Result one = results::fake_result({before}), other = results::fake_result({now});
  return {explain_cases(one, one.cases[0], other, other.cases[0], {})};
}

TEST(ExplainOutput, LinesOfTheCsvAddUpToTheProfilesDrift) {
  const std::string csv = to_csv(sample());
  EXPECT_NE(csv.find("a,\"b,c\",rms_norm,more launches,\"norm<int, float>\",,10,11,"),
            std::string::npos)
      << csv;
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  double sum = 0;
  int count = 0;
  for (; std::getline(lines, line); ++count) {
    const std::size_t share = line.rfind(','), drift = line.rfind(',', share - 1);
    sum += std::stod(line.substr(drift + 1, share - drift - 1));
  }
  EXPECT_EQ(count, 5);
  EXPECT_NEAR(sum, 0.025, 1e-9);
}

TEST(ExplainOutput, JsonHoldsPartsAndWhole) {
  const auto json = to_json(sample());
  const auto& explanation = json["cases"][0]["explanation"];
  EXPECT_NEAR(explanation["work"].get<double>(), 0.25, 1e-12);
  EXPECT_NEAR(explanation["timed_work"].get<double>(), 0.25, 1e-12);
  EXPECT_EQ(explanation["operations"][0]["operation"], "rms_norm");
  EXPECT_EQ(explanation["operations"][0]["parts"].size(), 2U);
  EXPECT_EQ(json["cases"][0]["exact"]["text"],
            "in the profile launches 10 -> 11: +1 norm<int, float>");
}

TEST(ExplainOutput, ACaseWithoutProfilesSaysWhy) {
  const results::Result one = results::fake_result({results::fake_case("a", 0.1)});
  const auto json = to_json(std::vector{explain_cases(one, one.cases[0], one, one.cases[0], {})});
  EXPECT_TRUE(json["cases"][0]["explanation"].is_null());
  EXPECT_EQ(json["cases"][0]["why_none"],
            "base has no profile of its kernels; `bench run --profile-kernels` takes one");
}

} // namespace
} // namespace bench::compare
