#include <bench/compare/verdicts.h>
#include <bench/text/ab_table.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::text {
namespace {

using compare::AbCase;
using compare::AbComparison;
using stats::Verdict;

/// Drifts in per cent.
AbCase judged(std::string id, Verdict verdict, double work, double wall) {
  AbCase c{.id = std::move(id), .kind = "loop", .verdict = verdict};
  stats::PairedJudgement& judgement = c.judgement.emplace();
  judgement.work = {{std::log1p(work / 100), 0.0006}, Verdict::pass};
  judgement.wall = {{std::log1p(wall / 100), 0.002}, Verdict::pass};
  judgement.slope = -0.8;
  judgement.pairs = 5;
  c.a_t_s = 0.1085;
  c.b_t_s = 0.1085 * (1 + wall / 100);
  return c;
}

AbComparison sample() {
  AbComparison comparison{
      .scenario = "zimage",
      .profile = "gate",
      .a = {.git_sha = "1a2b3c4d5e6f", .started = "", .gpu = "NVIDIA H200 (GPU-6b1f2b3c)"},
      .b = {.git_sha = "5d6e7f8a9b0c", .started = "", .gpu = "NVIDIA H200 (GPU-6b1f2b3c)"},
  };
  comparison.notes = {"the work differs: zimage/a"};
  comparison.cases = {judged("zimage/a", Verdict::pass, 0.02, 0.12),
                      judged("zimage/b", Verdict::regression, 0.01, 0.81)};
  comparison.cases[1].reason = "wall is slower by 0.81 % +- 0.20 %";
  comparison.cases[1].judgement->energy = {{std::log1p(0.021), 0.004}, Verdict::regression};
  comparison.cases[1].judgement->set_aside = {1};
  comparison.cases.push_back({.id = "zimage/c", .kind = "loop", .reason = "only A has this case"});
  return comparison;
}

TEST(AbTable, Whole) {
  EXPECT_EQ(ab_table(sample(), "main (1a2b3c4d5e6f)", "this build",
                     compare::parse_fail_on(compare::kDefaultFailOn), Style(false)),
            R"(zimage, profile gate, B against A in 5 pairs of processes
A  main (1a2b3c4d5e6f), 1a2b3c4d5e6f on NVIDIA H200 (GPU-6b1f2b3c)
B  this build, 5d6e7f8a9b0c on NVIDIA H200 (GPU-6b1f2b3c)
the work differs: zimage/a

case             A         B     wall      +-     work      +-    clock   energy      +-     verdict
zimage/a  108.5 ms  108.6 ms  +0.12 %  0.20 %  +0.02 %  0.06 %  +0.10 %        -       -        pass
zimage/b  108.5 ms  109.4 ms  +0.81 %  0.20 %  +0.01 %  0.06 %  +0.80 %  +2.10 %  0.41 %  regression
zimage/c  missing: only A has this case

zimage/b: regression: wall is slower by 0.81 % +- 0.20 %
zimage/b: set aside pair 2: the copies that its processes timed differ

verdict: regression (1 pass, 1 regression, 1 missing)
)");
}

TEST(AbTable, NoPairHasNoFigures) {
  AbComparison comparison = sample();
  comparison.cases.resize(1);
  comparison.cases[0].verdict = Verdict::inconclusive;
  comparison.cases[0].reason = "why";
  comparison.cases[0].judgement->pairs = 0;
  EXPECT_NE(ab_table(comparison, "", "", {}, Style(false)).find("\nzimage/a  inconclusive: why\n"),
            std::string::npos);
}

TEST(AbTable, AWallThatIsNotDecidedIsSaid) {
  AbComparison comparison = sample();
  comparison.cases.resize(1);
  comparison.cases[0].judgement->wall = {{0.004, 0.006}, Verdict::inconclusive};
  const std::string text = ab_table(comparison, "", "", {}, Style(false));
  EXPECT_NE(text.find("zimage/a: wall looks beyond the gate"), std::string::npos) << text;
}

} // namespace
} // namespace bench::text
