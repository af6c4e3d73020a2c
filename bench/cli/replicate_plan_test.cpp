#include <bench/base/error.h>
#include <bench/cli/replicate_plan.h>

#include <gtest/gtest.h>

namespace bench::cli {
namespace {

using results::CaseStatus;

results::Result part(const std::string& id, int process, CaseStatus status = CaseStatus::ok,
                     const std::string& message = "") {
  results::Result result;
  results::CaseResult c;
  c.id = id;
  c.kind = "loop";
  c.status = status;
  c.message = message;
  c.check.checksum = "aa";
  if (status == CaseStatus::ok)
    c.replicates.push_back({.process = process,
                            .started = {},
                            .device_uuid = {},
                            .seed = 0,
                            .machine = {},
                            .samples = {}});
  result.cases.push_back(c);
  return result;
}

TEST(NextLook, IsTheFirstAhead) {
  EXPECT_EQ(next_look(0, kLooks), 3);
  EXPECT_EQ(next_look(3, kLooks), 6);
  EXPECT_EQ(next_look(5, kLooks), 6);
  EXPECT_EQ(next_look(10, kLooks), 20);
  EXPECT_EQ(next_look(20, kLooks), 0);
}

TEST(LookFor, ComesWhenAllShouldBeDecided) {
  compare::Comparison comparison;
  const auto add = [&](const std::string& id, std::optional<int> needed, int measured = 3) {
    compare::CaseComparison& c = comparison.cases.emplace_back();
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

TEST(Merge, PutsReplicatesOfACaseTogether) {
  results::Result run;
  merge(run, part("a", 1));
  merge(run, part("b", 1));
  merge(run, part("a", 2));
  ASSERT_EQ(run.cases.size(), 2u);
  EXPECT_EQ(replicates_of(run, "a"), 2);
  EXPECT_EQ(run.cases[0].replicates[1].process, 2);
  EXPECT_EQ(replicates_of(run, "b"), 1);
  EXPECT_EQ(replicates_of(run, "c"), 0);
}

TEST(Merge, RefusesAnotherMachine) {
  const auto on = [](const std::string& driver) {
    results::Result result = part("a", 1);
    result.machine = {{"gpu", {{"name", "NVIDIA H200"}}}, {"driver", {{"version", driver}}}};
    return result;
  };
  results::Result run;
  merge(run, on("580.1"));
  merge(run, on("580.1"));
  merge(run, part("a", 3)); // says nothing of its machine
  try {
    merge(run, on("590.2"));
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_STREQ(e.what(), "this machine is not the one that the run began on: driver version was "
                           "580.1, now it is 590.2; start a run of its own");
  }
  EXPECT_EQ(replicates_of(run, "a"), 3);
}

TEST(Merge, OneFailureCondemnsTheCaseAndKeepsItsReason) {
  results::Result run;
  merge(run, part("a", 1));
  merge(run, part("a", 2, CaseStatus::invalid, "first"));
  merge(run, part("a", 3));
  merge(run, part("a", 4, CaseStatus::failed, "second"));
  EXPECT_EQ(run.cases[0].status, CaseStatus::invalid);
  EXPECT_EQ(run.cases[0].message, "first");
  EXPECT_EQ(replicates_of(run, "a"), 1);
}

TEST(Merge, KeepsTheWorstAgreementOfAllProcesses) {
  results::Result run;
  const std::optional<double> psnr[] = {std::nullopt, 50.0, 40.0, std::nullopt};
  const double errors[] = {0.01, 0.03, 0.02, 0.01};
  for (int i = 0; i < 4; ++i) {
    results::Result one = part("a", i + 1);
    one.cases[0].check.psnr_db = psnr[i];
    one.cases[0].check.step_error = errors[i];
    merge(run, one);
  }
  EXPECT_EQ(run.cases[0].check.psnr_db, 40);
  EXPECT_EQ(run.cases[0].check.step_error, 0.03);
}

TEST(Merge, SaysWhenOutputsDiffer) {
  results::Result run, other = part("a", 2);
  other.cases[0].check.checksum = "bb";
  merge(run, part("a", 1));
  merge(run, other);
  EXPECT_NE(run.cases[0].message.find("differs between processes"), std::string::npos);
}

TEST(Merge, TakesTheMachineOfTheFirst) {
  results::Result run, first, second;
  first.machine["gpu"]["uuid"] = "first";
  second.machine["gpu"]["uuid"] = "second";
  merge(run, first);
  merge(run, second);
  EXPECT_EQ(run.machine["gpu"]["uuid"], "first");
}

TEST(Merge, KeepsWhereAReplicateComesFrom) {
  const auto on = [](const char* cores, std::int64_t process) {
    results::Result result = part("a", process);
    result.machine["host"]["cores"] = cores;
    return result;
  };
  results::Result run;
  merge(run, on("32", 1));
  merge(run, on("16", 2));
  merge(run, on("32", 3));
  const std::vector<results::Replicate>& replicates = run.cases.at(0).replicates;
  EXPECT_EQ(replicates[0].origin, std::nullopt);
  EXPECT_EQ(replicates[1].origin, 0U);
  EXPECT_EQ(replicates[2].origin, std::nullopt);
  EXPECT_EQ(run.origins.at(0).machine.at("host").at("cores"), "16");
}

TEST(SortCases, FollowsTheScenarioAndKeepsTheRestBehind) {
  results::Result run;
  for (const char* id : {"x/anchor/copy", "b", "a"})
    merge(run, part(id, 1));
  sort_cases(run, {"a", "b"});
  EXPECT_EQ(run.cases[0].id, "a");
  EXPECT_EQ(run.cases[1].id, "b");
  EXPECT_EQ(run.cases[2].id, "x/anchor/copy");
}

compare::CaseComparison judged(std::string id, stats::Verdict verdict, double half_width) {
  compare::CaseComparison c{.id = std::move(id), .kind = "loop", .verdict = verdict};
  c.judgement.emplace();
  c.judgement->work.half_width = half_width;
  return c;
}

compare::Comparison comparison_of(std::vector<compare::CaseComparison> cases) {
  return {.scenario = "z", .profile = "gate", .base = {}, .fresh = {}, .cases = std::move(cases)};
}

TEST(OpenCases, AreThoseThatMoreReplicatesDecide) {
  compare::Comparison all = comparison_of({judged("narrow", stats::Verdict::pass, 0.0004),
                                           judged("wide", stats::Verdict::inconclusive, 0.004),
                                           judged("hopeless", stats::Verdict::inconclusive, 0.01)});
  all.cases[1].judgement->replicates_needed = 6;
  all.cases.push_back({.id = "missing", .kind = "loop"});
  EXPECT_EQ(open_cases(all, 0), std::vector<std::string>{"wide"});
}

TEST(OpenCases, WithAResolutionAreThoseWiderThanIt) {
  compare::Comparison all =
      comparison_of({judged("narrow", stats::Verdict::pass, 0.0004),
                     judged("decided", stats::Verdict::regression, 0.0008),
                     judged("wide", stats::Verdict::inconclusive, 0.004),
                     judged("elsewhere", stats::Verdict::inconclusive, 0.01)});
  all.cases[3].judgement->same_device = false; // no number of replicates narrows GPUs' differences
  EXPECT_EQ(open_cases(all, 0.0005), (std::vector<std::string>{"decided", "wide"}));
  EXPECT_EQ(open_cases(all, 0.005), std::vector<std::string>{});
}

TEST(CasesToReplace, AreUndecidedOnesWithMoreSetAsideThanReplaced) {
  compare::Comparison all = comparison_of({judged("passed", stats::Verdict::pass, 0.0004),
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
} // namespace bench::cli
