#include <bench/cli/escalation.h>

#include <gtest/gtest.h>

namespace bench::cli {
namespace {

compare::CaseComparison inconclusive(std::string id, bool same_device, bool wants_pairs = true) {
  compare::CaseComparison c{
      .id = std::move(id), .kind = "loop", .verdict = stats::Verdict::inconclusive};
  c.judgement.emplace();
  c.judgement->same_device = same_device;
  c.judgement->wants_pairs = wants_pairs;
  return c;
}

compare::Comparison comparison(std::vector<compare::CaseComparison> cases) {
  return {.scenario = "zimage",
          .profile = "gate",
          .base = {.git_sha = "c51be2b", .started = "", .gpu = ""},
          .fresh = {},
          .cases = std::move(cases)};
}

const AbArguments kRun{
    .scenario = "my scenarios/z.yaml", .profile = "gate", .only = "", .overrides = {"a.b=1 s"}};

TEST(Escalation, GivesTheCommandAgainstTheBaselinesRevision) {
  const std::string text =
      escalation(comparison({inconclusive("z/a", false), inconclusive("z/b", false)}), kRun);
  EXPECT_NE(text.find("2 cases are inconclusive because the baseline does not hold this GPU"),
            std::string::npos);
  EXPECT_NE(text.find("\n  bench ab c51be2b --scenario 'my scenarios/z.yaml' --profile gate --set "
                      "'a.b=1 s'\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("`ci/bundle --pair c51be2b .`:\n  ci/bench ab A B --scenario"),
            std::string::npos);
}

TEST(Escalation, NamesTheCasesWhenOnlySomeAreUnknown) {
  compare::CaseComparison passed{.id = "z/c", .kind = "loop", .verdict = stats::Verdict::pass};
  const std::string text =
      escalation(comparison({inconclusive("z/a.bf16", false), std::move(passed)}), kRun);
  EXPECT_NE(text.find("1 case is inconclusive"), std::string::npos);
  EXPECT_NE(text.find("--only '^(z/a\\.bf16)$'"), std::string::npos) << text;
}

TEST(Escalation, GivesACommandForEachRevisionThatTheBaselineIsOf) {
  compare::CaseComparison older = inconclusive("z/a", false);
  older.base_revision = "b08d72a";
  const std::string text =
      escalation(comparison({std::move(older), inconclusive("z/b", false)}), kRun);
  for (const char* command : {"\n  bench ab b08d72a ", "\n  bench ab c51be2b ",
                              "`ci/bundle --pair b08d72a .`", "`ci/bundle --pair c51be2b .`"})
    EXPECT_NE(text.find(command), std::string::npos) << text;
  EXPECT_NE(text.find("b08d72a --scenario 'my scenarios/z.yaml' --profile gate --only '^(z/a)$'"),
            std::string::npos)
      << text;
}

TEST(Escalation, SaysWhyOnAGpuThatTheBaselineHolds) {
  EXPECT_TRUE(
      escalation(comparison({inconclusive("z/a", true), inconclusive("z/b", false)}), kRun)
          .starts_with("2 cases are inconclusive because no number of processes here tells it"));
}

TEST(Escalation, IsSilentWhereMoreReplicatesWouldDo) {
  EXPECT_EQ(escalation(comparison({inconclusive("z/a", true, false)}), kRun), "");
  EXPECT_EQ(escalation(comparison({}), kRun), "");
}

TEST(ShellWord, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(shell_word("a/b-1.yaml"), "a/b-1.yaml");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

} // namespace
} // namespace bench::cli
