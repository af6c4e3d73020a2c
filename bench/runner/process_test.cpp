#include <bench/base/temporary_folder.h>
#include <bench/measure/no_progress.h>
#include <bench/results/fake_results.h>
#include <bench/runner/process.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace bench::runner {
namespace {

struct Outcome {
  ReplicateEnd end;
  std::vector<results::CaseResult> cases;
  std::size_t processes = 0;
};

/// A replicate of the cases a and b by a shell script in a worker's place.
Outcome run_cases(const std::string& script) {
  const TemporaryFolder folder;
  const auto program = folder / "worker", log = folder / "log";
  std::ofstream(program) << "#!/bin/sh\necho >> '" << log.string() << "'\n" << script << "\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  measure::NoProgress progress;
  Outcome result;
  result.end = run_replicate(program,
                             {.scenario = "s.yaml",
                              .overrides = {},
                              .plugins = {},
                              .profile = "cpu",
                              .cases = {"s/loop/a", "s/loop/b"},
                              .flags = {}},
                             progress, [&](results::Result part) {
                               for (results::CaseResult& c : part.cases)
                                 result.cases.push_back(std::move(c));
                             });
  result.processes = read_file(log).size();
  return result;
}

std::string begins(const std::string& id) {
  return R"(echo '{"phase": "begin", "fraction": 0, "case": ")" + id + R"("}'; )";
}

TEST(RunReplicate, LosesTheCaseUnderWayAndMeasuresTheRestAnew) {
  // The second process is asked for b alone.
  const Outcome r =
      run_cases("case \"$2\" in *loop/a*) " + begins("s/loop/a") + "kill -SEGV $$;; esac");
  EXPECT_EQ(r.processes, 2u);
  EXPECT_EQ(r.end.fault, "");
  ASSERT_EQ(r.cases.size(), 1u);
  EXPECT_EQ(r.cases[0].id, "s/loop/a");
  EXPECT_EQ(r.cases[0].status, results::CaseStatus::invalid);
  EXPECT_EQ(r.cases[0].message, "the worker process died of signal 11 (Segmentation fault)");
}

// Of a case with a known change the process says another id than it was asked for.
TEST(RunReplicate, MeasuresNothingTwice) {
  const results::Result done =
      results::fake_result({results::fake_case("s/loop/a#spin=0.3%", 0.1)});
  const std::string line = nlohmann::json{{"result", to_json(done)}}.dump();
  const Outcome r = run_cases("case \"$2\" in *loop/a*) cat <<'LINE'\n" + line + "\nLINE\n" +
                              begins("s/loop/b") + "kill -SEGV $$;; esac");
  EXPECT_EQ(r.processes, 1u); // a is done, b is lost
  ASSERT_EQ(r.cases.size(), 2u);
  EXPECT_EQ(r.cases[0].id, "s/loop/a#spin=0.3%");
  EXPECT_EQ(r.cases[1].id, "s/loop/b");
}

TEST(RunReplicate, EndsWhenEveryProcessWouldDieOfTheSame) {
  const Outcome r = run_cases(begins("s/anchor/copy") + "kill -SEGV $$");
  EXPECT_EQ(r.processes, 1u);
  EXPECT_EQ(r.end.fault, "the worker process died of signal 11 (Segmentation fault)");
  EXPECT_EQ(r.end.code, ExitCode::invalid);
}

TEST(RunReplicate, RefusesRubbish) {
  const Outcome r = run_cases("echo rubbish");
  EXPECT_EQ(r.processes, 1u);
  EXPECT_EQ(r.end.fault, "the worker process wrote what no replicate writes");
  EXPECT_EQ(r.end.code, ExitCode::invalid);
}

TEST(RunReplicate, LosesOnlyTheCaseThatRubbishWasWrittenFor) {
  for (const std::string rubbish :
       {R"(echo '{"result": {"schema_version": 1}}')", "echo rubbish"}) {
    const Outcome r =
        run_cases("case \"$2\" in *loop/a*) " + begins("s/loop/a") + rubbish + ";; esac");
    EXPECT_EQ(r.processes, 2u);
    EXPECT_EQ(r.end.fault, "");
    ASSERT_EQ(r.cases.size(), 1u);
    EXPECT_EQ(r.cases[0].id, "s/loop/a");
    EXPECT_EQ(r.cases[0].status, results::CaseStatus::invalid);
    EXPECT_TRUE(r.cases[0].message.starts_with("the worker process wrote what no replicate writes"))
        << r.cases[0].message;
  }
}

TEST(RunReplicate, HandsOnWhyTheWorkerCannotGoOn) {
  const Outcome r = run_cases(R"(echo '{"error": "no GPU", "exit_code": 6}'; exit 6)");
  EXPECT_EQ(r.end.fault, "no GPU");
  EXPECT_EQ(r.end.code, ExitCode::unavailable);
}

} // namespace
} // namespace bench::runner
