#include <bench/compare/verdicts.h>
#include <bench/text/comparison_table.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace bench::text {
namespace {

using compare::CaseComparison;
using compare::Comparison;
using stats::Verdict;

/// Relative drifts in per cent.
CaseComparison judged(std::string id, Verdict verdict, double work, double half_width,
                      double wall) {
  CaseComparison c{.id = std::move(id), .kind = "loop", .verdict = verdict};
  stats::Judgement& judgement = c.judgement.emplace();
  judgement.verdict = verdict;
  judgement.work = {.estimate = std::log1p(work / 100), .half_width = half_width / 100};
  judgement.wall = std::log1p(wall / 100);
  judgement.clock = judgement.wall - judgement.work.estimate;
  judgement.slope = -0.7;
  c.base_t_s = 0.09312;
  c.new_t_s = 0.09312 * (1 + wall / 100);
  return c;
}

Comparison sample() {
  Comparison comparison{
      .scenario = "zimage",
      .profile = "gate",
      .base = {.git_sha = "1a2b3c4d5e6f",
               .started = "2026-11-20T10:00:00Z",
               .gpu = "NVIDIA H200 (GPU-6b1f2b3c)"},
      .fresh = {.git_sha = "5d6e7f8a9b0c",
                .started = "2026-11-24T10:00:00Z",
                .gpu = "NVIDIA H200 (GPU-6b1f2b3c)"},
  };
  comparison.notes = {"environment changed: cudnn 9.1 -> 9.2"};
  auto& cases = comparison.cases;
  cases.push_back(judged("zimage/still", Verdict::pass, 0.02, 0.06, 0.62));
  cases.push_back(judged("zimage/moved", Verdict::pass, 0.12, 0.06, -0.48));
  cases.back().judgement->new_set_aside = {1};
  cases.push_back(judged("zimage/slower", Verdict::regression, 0.3, 0.06, 0.9));
  cases.back().warnings = {"output differs"};
  cases.push_back(judged("zimage/faster", Verdict::improvement, -12.5, 0.08, -12));
  cases.push_back(judged("rms_norm", Verdict::inconclusive, 0.15, 0.3, 0.15));
  cases.back().base_t_s = 22.304e-6;
  cases.back().new_t_s = 22.34e-6;
  cases.back().judgement->slope.reset();
  cases.back().reason = "+- 0.30 % is too wide for the gate";
  cases.back().judgement->replicates_needed = 6;
  cases.push_back({.id = "zimage/failed",
                   .kind = "loop",
                   .verdict = Verdict::invalid,
                   .reason = "failed: out of memory"});
  cases.push_back({.id = "zimage/new",
                   .kind = "loop",
                   .verdict = Verdict::missing,
                   .reason = "no baseline case"});
  return comparison;
}

std::string table(const Comparison& comparison) {
  return comparison_table(comparison, compare::parse_fail_on(compare::kDefaultFailOn),
                          Style(false));
}

TEST(ComparisonTable, SaysThatGpusAreOfAnotherKind) {
  Comparison comparison = sample();
  const auto with_likes =
      std::ranges::find_if(comparison.cases, [](const auto& c) { return c.judgement.has_value(); });
  with_likes->judgement->base_set_aside = {0, 1};
  with_likes->judgement->alike_devices = true;
  EXPECT_NE(table(comparison)
                .find(": 2 replicates of the baseline are not compared: their GPUs are "
                      "of another kind"),
            std::string::npos);
}

TEST(ComparisonTable, Whole) {
  EXPECT_EQ(table(sample()), R"(zimage, profile gate, against its baseline
base  1a2b3c4d5e6f of 2026-11-20 on NVIDIA H200 (GPU-6b1f2b3c)
now   5d6e7f8a9b0c of 2026-11-24 on NVIDIA H200 (GPU-6b1f2b3c)
environment changed: cudnn 9.1 -> 9.2

case               base       now      wall      work      +-    clock       verdict
zimage/still   93.12 ms  93.70 ms   +0.62 %   +0.02 %  0.06 %  +0.60 %          pass
zimage/moved   93.12 ms  92.67 ms   -0.48 %   +0.12 %  0.06 %  -0.60 %          pass
zimage/slower  93.12 ms  93.96 ms   +0.90 %   +0.30 %  0.06 %  +0.60 %    regression
zimage/faster  93.12 ms  81.95 ms  -12.00 %  -12.50 %  0.07 %  +0.50 %   improvement
rms_norm       22.30 us  22.34 us   +0.15 %   +0.15 %  0.30 %        -  inconclusive
zimage/failed  invalid: failed: out of memory
zimage/new     missing: no baseline case

zimage/moved: pass: slower by 0.12 % +- 0.06 %, within the gate
zimage/moved: set aside replicate 2 of the new result: the copy that its process timed is out of line
zimage/slower: regression: slower by 0.30 % +- 0.06 %, beyond the gate of 0.2 %
zimage/slower: output differs
zimage/faster: improvement: faster by 12.50 % +- 0.07 %, beyond the gate of 0.2 %
rms_norm: inconclusive: +- 0.30 % is too wide for the gate; 6 replicates in all would decide it

improved: promote with `bench baseline promote FILE --reason TEXT`
verdict: regression (2 pass, 1 regression, 1 improvement, 1 inconclusive, 1 invalid, 1 missing)
)");
}

TEST(ComparisonTable, ClockIsLeftOutWhereNobodyKnowsIt) {
  Comparison comparison = sample();
  comparison.cases = {judged("a", Verdict::pass, 0, 0.06, 0)};
  comparison.cases[0].judgement->slope.reset();
  EXPECT_EQ(table(comparison).find("clock"), std::string::npos);
}

TEST(ComparisonTable, EnergyBesideTheTimes) {
  Comparison comparison = sample();
  comparison.cases = {judged("a", Verdict::pass, 0, 0.06, 0.6)};
  EXPECT_EQ(table(comparison).find("energy"), std::string::npos);
  comparison.cases[0].base_energy_j = 67.8;
  comparison.cases[0].new_energy_j = 69.156;
  EXPECT_NE(table(comparison).find("clock   energy  verdict\n"), std::string::npos);
  EXPECT_NE(table(comparison).find(" +0.60 %  +2.00 %     pass\n"), std::string::npos)
      << table(comparison);
}

TEST(ComparisonTable, WithoutAnIntervalThereIsNone) {
  Comparison comparison = sample();
  comparison.cases = {judged("a", Verdict::inconclusive, 0.1, 0.06, 0.1)};
  comparison.cases[0].judgement->work.half_width = std::numeric_limits<double>::infinity();
  EXPECT_EQ(table(comparison).find("inf"), std::string::npos);
  EXPECT_EQ(table(comparison).find("+-"), std::string::npos);
}

TEST(ComparisonTable, OneReasonOfManyCasesIsSaidOnce) {
  Comparison comparison = sample();
  comparison.cases.clear();
  for (const char* id : {"a", "b", "c"}) {
    comparison.cases.push_back(judged(id, Verdict::inconclusive, 0.1, 0.3, 0.1));
    comparison.cases.back().reason = "why";
  }
  EXPECT_NE(table(comparison).find("\na, b, c: inconclusive: why\n"), std::string::npos);
  comparison.cases.push_back(comparison.cases.back());
  EXPECT_NE(table(comparison).find("\na and 3 others: inconclusive: why\n"), std::string::npos);
}

// wall = work + clock in what is printed, whatever the rounding.
TEST(ComparisonTable, FiguresAddUp) {
  for (int i = 0; i < 200; ++i) {
    Comparison comparison = sample();
    comparison.cases = {
        judged("a", Verdict::regression, 0.0137 * i - 1.1, 0.06, 0.0291 * i - 0.755)};
    const std::string text = table(comparison);
    const std::string row = text.substr(text.find("\na ") + 1);
    double base = 0, now = 0, wall = 0, work = 0, half_width = 0, clock = 0;
    ASSERT_EQ(std::sscanf(row.c_str(), "a %lf ms %lf ms %lf %% %lf %% %lf %% %lf %%", &base, &now,
                          &wall, &work, &half_width, &clock),
              6)
        << row;
    EXPECT_NEAR(wall, work + clock, 1e-9) << row;
  }
}

TEST(ComparisonTable, Times) {
  EXPECT_EQ(time_text(0.093123), "93.12 ms");
  EXPECT_EQ(time_text(22.304e-6), "22.30 us");
  EXPECT_EQ(time_text(1.5), "1500 ms");
  EXPECT_EQ(time_text(5e-7), "0.5000 us");
}

} // namespace
} // namespace bench::text
