#include <bench/compare/looks.h>

#include <gtest/gtest.h>

#include <span>

namespace bench::compare {
namespace {

TEST(NextLook, IsTheFirstAhead) {
  EXPECT_EQ(next_look(0, kLooks), 3);
  EXPECT_EQ(next_look(3, kLooks), 6);
  EXPECT_EQ(next_look(5, kLooks), 6);
  EXPECT_EQ(next_look(10, kLooks), 20);
  EXPECT_EQ(next_look(20, kLooks), 0);
  // Of those left, behind one that came early.
  EXPECT_EQ(next_look(2, std::span(kLooks).subspan(1)), 6);
}

TEST(LookFor, ComesWhenAllShouldBeDecided) {
  Comparison comparison;
  const auto add = [&](const std::string& id, std::optional<int> needed, int measured = 3) {
    CaseComparison& c = comparison.cases.emplace_back();
    c.id = id;
    c.judgement.emplace().replicates_needed = needed;
    c.judgement->new_replicates = measured;
  };
  add("soon", 4);
  add("later", 5);
  add("one set aside", 4, 2);
  add("never", std::nullopt);
  add("at once", 3);
  EXPECT_EQ(look_for({"soon"}, comparison, 3, 6), 4);
  EXPECT_EQ(look_for({"soon", "later"}, comparison, 3, 6), 5);
  EXPECT_EQ(look_for({"one set aside"}, comparison, 3, 6), 5);
  EXPECT_EQ(look_for({"soon", "never"}, comparison, 3, 6), 6);
  EXPECT_EQ(look_for({"at once"}, comparison, 3, 6), 4);
  EXPECT_EQ(look_for({"later"}, comparison, 3, 4), 4);
}

CaseComparison judged(std::string id, stats::Verdict verdict, double half_width) {
  CaseComparison c{.id = std::move(id), .kind = "loop", .verdict = verdict};
  c.judgement.emplace();
  c.judgement->work.half_width = half_width;
  return c;
}

Comparison comparison_of(std::vector<CaseComparison> cases) {
  return {.scenario = "z", .profile = "gate", .base = {}, .fresh = {}, .cases = std::move(cases)};
}

TEST(OpenCases, AreThoseThatMoreReplicatesDecide) {
  Comparison all = comparison_of({judged("narrow", stats::Verdict::pass, 0.0004),
                                  judged("wide", stats::Verdict::inconclusive, 0.004),
                                  judged("hopeless", stats::Verdict::inconclusive, 0.01)});
  all.cases[1].judgement->replicates_needed = 6;
  all.cases.push_back({.id = "missing", .kind = "loop"});
  EXPECT_EQ(open_cases(all, 0), std::vector<std::string>{"wide"});
}

TEST(OpenCases, WithAResolutionAreThoseWiderThanIt) {
  Comparison all = comparison_of({judged("narrow", stats::Verdict::pass, 0.0004),
                                  judged("decided", stats::Verdict::regression, 0.0008),
                                  judged("wide", stats::Verdict::inconclusive, 0.004),
                                  judged("elsewhere", stats::Verdict::inconclusive, 0.01)});
  all.cases[3].judgement->same_device = false; // no number of replicates narrows GPUs' differences
  EXPECT_EQ(open_cases(all, 0.0005), (std::vector<std::string>{"decided", "wide"}));
  EXPECT_EQ(open_cases(all, 0.005), std::vector<std::string>{});
}

TEST(CasesToReplace, AreUndecidedOnesWithMoreSetAsideThanReplaced) {
  Comparison all = comparison_of({judged("passed", stats::Verdict::pass, 0.0004),
                                  judged("one", stats::Verdict::inconclusive, 0.004),
                                  judged("two", stats::Verdict::inconclusive, 0.004),
                                  judged("none", stats::Verdict::inconclusive, 0.004)});
  all.cases[0].judgement->new_set_aside = {0};
  all.cases[1].judgement->new_set_aside = {1};
  all.cases[2].judgement->new_set_aside = {0, 1};
  all.cases[3].judgement->base_set_aside = {0}; // the baseline's cannot be measured again
  EXPECT_EQ(cases_to_replace(all, 0), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(cases_to_replace(all, 1), std::vector<std::string>{"two"});
  EXPECT_EQ(cases_to_replace(all, 2), std::vector<std::string>{});
}

} // namespace
} // namespace bench::compare
