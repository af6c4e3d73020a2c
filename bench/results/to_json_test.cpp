#include <bench/base/file.h>
#include <bench/results/sample_result.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace bench::results {
namespace {

// The file is approved by hand: a difference here is a change of the format, seen by everybody who
// reads results.
TEST(ToText, MatchesTheApprovedDocument) {
  EXPECT_EQ(to_text(sample_result()), read_file(BENCH_RESULTS_DIR "/testdata/schema_1.json"));
}

TEST(ToText, EmptyResultNamesEveryKey) {
  const nlohmann::ordered_json document = to_json(Result());
  EXPECT_EQ(document.begin().key(), "schema_version");
  EXPECT_EQ(document["cases"].dump(), "[]");
  EXPECT_EQ(document["machine"].dump(), "{}");
  EXPECT_EQ(document["phases_s"].dump(), "{}");
}

TEST(ToText, ReplacesBytesThatAreNotUtf8) {
  Result result;
  result.argv = {"bench", "caf\xe9"};
  EXPECT_NE(to_text(result).find("caf\xef\xbf\xbd"), std::string::npos);
}

TEST(ToText, WritesNoNaN) {
  Result result = sample_result();
  result.cases[0].check.max_ulp = std::numeric_limits<double>::infinity();
  const nlohmann::ordered_json document = to_json(result);
  EXPECT_TRUE(document["cases"][0]["check"]["max_ulp"].is_null());
  EXPECT_TRUE(document["cases"][0]["replicates"][0]["samples"]["f_hz"][1].is_null());
  EXPECT_TRUE(document["cases"][1]["check"]["rms"].is_null());
}

struct Fault {
  void (*inflict)(CaseResult&);
  std::string message;
};

TEST(ToJson, RefusesWhatFromJsonWould) {
  const std::vector<Fault> faults{
      {[](CaseResult& c) { c.replicates[1].samples.step.clear(); },
       "columns of samples differ in length"},
      {[](CaseResult& c) { c.replicates[0].samples.t_s[0] = 0; },
       "a time is not within 1 ns to 1 day"},
      {[](CaseResult& c) { c.replicates[0].samples.t_s[0] = NAN; },
       "a time is not within 1 ns to 1 day"},
      {[](CaseResult& c) { c.replicates[0].samples.t_s[0] = 1e300; },
       "a time is not within 1 ns to 1 day"},
      {[](CaseResult& c) { c.id = "zimage/loop/base-50/graph/aten"; }, "is there twice"},
      {[](CaseResult& c) { c.replicates[0].samples.start_s[0] = -1; },
       "a start is negative or not finite"},
      {[](CaseResult& c) { c.replicates[0].samples.f_hz[0] = 0; },
       "a frequency is neither positive nor NaN"},
      {[](CaseResult& c) { c.replicates[0].samples.loop[0] = -1; }, "a loop or step is negative"},
      {[](CaseResult& c) { c.replicates[0].trace->power_w.pop_back(); },
       "columns of its trace differ in length"},
      {[](CaseResult& c) { c.replicates[0].trace->t_s[0] = NAN; },
       "a time of its trace is not finite"},
      {[](CaseResult& c) { c.replicates[0].trace->temperature_c[0] = -1; },
       "its trace has a number below 0"},
      {[](CaseResult& c) { c.flop = INFINITY; }, "flop or bytes is negative or not finite"},
      {[](CaseResult& c) { c.phases_s["warmup"] = -1; }, "a phase is negative or not finite"},
      {[](CaseResult& c) { c.profile->counters->dram_read_bytes = NAN; },
       "a counter of its profile is not finite"},
      {[](CaseResult& c) { c.gate_work = 0; }, "the gate is not positive and finite"},
      {[](CaseResult& c) { c.kind = ""; }, "its kind is neither loop, kernel nor anchor"}};
  for (const Fault& fault : faults) {
    Result result = sample_result();
    fault.inflict(result.cases[0]);
    try {
      to_json(result);
      ADD_FAILURE() << "written: " << fault.message;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(), "result of " + result.cases[0].id + ": " + fault.message);
    }
  }
}

} // namespace
} // namespace bench::results
