#include <bench/base/error.h>
#include <bench/results/merge.h>

#include <gtest/gtest.h>

namespace bench::results {
namespace {

Result part(const std::string& id, int process, CaseStatus status = CaseStatus::ok,
            const std::string& message = "") {
  Result result;
  CaseResult c;
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

TEST(Merge, PutsReplicatesOfACaseTogether) {
  Result run;
  merge(run, part("a", 1));
  merge(run, part("b", 1));
  merge(run, part("a", 2));
  ASSERT_EQ(run.cases.size(), 2u);
  EXPECT_EQ(replicates_of(run, "a"), 2);
  EXPECT_EQ(run.cases[0].replicates[1].process, 2);
  EXPECT_EQ(replicates_of(run, "b"), 1);
  EXPECT_EQ(replicates_of(run, "c"), 0);
}

TEST(Merge, AGpuThatWaitedForTheHostInOneProcessWaitedInTheCase) {
  Result run, waiting = part("a", 2);
  note_gpu_waits_for_host(waiting.cases[0]);
  merge(run, part("a", 1));
  EXPECT_FALSE(gpu_waits_for_host(run.cases[0]));
  merge(run, waiting);
  merge(run, part("a", 3));
  EXPECT_TRUE(gpu_waits_for_host(run.cases[0]));
  EXPECT_EQ(run.cases[0].parameters.at("gpu"), "waits for the host"); // as README.md has it
}

TEST(Merge, RefusesAnotherMachine) {
  const auto on = [](const std::string& driver) {
    Result result = part("a", 1);
    result.machine = {{"gpu", {{"name", "NVIDIA H200"}}}, {"driver", {{"version", driver}}}};
    return result;
  };
  Result run;
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
  Result run;
  merge(run, part("a", 1));
  merge(run, part("a", 2, CaseStatus::invalid, "first"));
  merge(run, part("a", 3));
  merge(run, part("a", 4, CaseStatus::failed, "second"));
  EXPECT_EQ(run.cases[0].status, CaseStatus::invalid);
  EXPECT_EQ(run.cases[0].message, "first");
  EXPECT_EQ(replicates_of(run, "a"), 1);
}

TEST(Merge, KeepsTheWorstAgreementOfAllProcesses) {
  Result run;
  const std::optional<double> psnr[] = {std::nullopt, 50.0, 40.0, std::nullopt};
  const double errors[] = {0.01, 0.03, 0.02, 0.01};
  for (int i = 0; i < 4; ++i) {
    Result one = part("a", i + 1);
    one.cases[0].check.psnr_db = psnr[i];
    one.cases[0].check.step_error = errors[i];
    merge(run, one);
  }
  EXPECT_EQ(run.cases[0].check.psnr_db, 40);
  EXPECT_EQ(run.cases[0].check.step_error, 0.03);
}

TEST(Merge, SaysWhenOutputsDiffer) {
  Result run, other = part("a", 2);
  other.cases[0].check.checksum = "bb";
  merge(run, part("a", 1));
  merge(run, other);
  EXPECT_NE(run.cases[0].message.find("differs between processes"), std::string::npos);
}

TEST(Merge, TakesTheMachineOfTheFirst) {
  Result run, first, second;
  first.machine["gpu"]["uuid"] = "first";
  second.machine["gpu"]["uuid"] = "second";
  merge(run, first);
  merge(run, second);
  EXPECT_EQ(run.machine["gpu"]["uuid"], "first");
}

TEST(Merge, KeepsWhereAReplicateComesFrom) {
  const auto on = [](const char* cores, std::int64_t process) {
    Result result = part("a", process);
    result.machine["host"]["cores"] = cores;
    return result;
  };
  Result run;
  merge(run, on("32", 1));
  merge(run, on("16", 2));
  merge(run, on("32", 3));
  const std::vector<Replicate>& replicates = run.cases.at(0).replicates;
  EXPECT_EQ(replicates[0].origin, std::nullopt);
  EXPECT_EQ(replicates[1].origin, 0U);
  EXPECT_EQ(replicates[2].origin, std::nullopt);
  EXPECT_EQ(run.origins.at(0).machine.at("host").at("cores"), "16");
}

TEST(SortCases, FollowsTheScenarioAndKeepsTheRestBehind) {
  Result run;
  for (const char* id : {"x/anchor/copy", "b", "a"})
    merge(run, part(id, 1));
  sort_cases(run, {"a", "b"});
  EXPECT_EQ(run.cases[0].id, "a");
  EXPECT_EQ(run.cases[1].id, "b");
  EXPECT_EQ(run.cases[2].id, "x/anchor/copy");
}

} // namespace
} // namespace bench::results
