#include <bench/base/error.h>
#include <bench/results/sample_result.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <ctime>

namespace bench::results {
namespace {

std::string complaint(std::string_view text) {
  try {
    from_json(text, "r.json");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(FromJson, RoundTripIsExact) {
  const Result result = from_json(to_text(sample_result()), "r.json");
  EXPECT_EQ(to_text(result), to_text(sample_result()));

  const Samples& samples = result.cases[0].replicates[0].samples;
  EXPECT_EQ(samples.t_s, (std::vector{0.0931, 0.09309999999999999, 1.0 / 3}));
  EXPECT_EQ(samples.f_hz[2], 1549876543.21);
  EXPECT_TRUE(std::isnan(samples.f_hz[1]));
  const Trace& trace = result.cases[0].replicates[0].trace.value();
  EXPECT_EQ(trace.t_s, (std::vector{-0.001, 0.1, 0.2}));
  EXPECT_TRUE(std::isnan(trace.power_w[1]));
  EXPECT_EQ(trace.clocks_events[0], 4);
  EXPECT_EQ(result.cases[0].replicates[0].seed, 18446744073709551615u);
  EXPECT_EQ(result.cases[0].replicates[1].samples.start_s[0], 5e-324);
  EXPECT_EQ(result.cases[0].replicates[1].samples.t_s[0], 1e-9);
  EXPECT_EQ(result.cases[1].status, CaseStatus::invalid);
  EXPECT_EQ(result.cases[1].check.rms, std::nullopt);
}

TEST(FromJson, IgnoresKeysOfLaterMinorVersions) {
  nlohmann::ordered_json document = to_json(sample_result());
  document["energy"] = {{"joules", 1}};
  document["cases"][0]["anchors"] = {1, 2};
  document["cases"][0]["replicates"][0]["samples"]["p_w"] = {690, 691, 692};
  EXPECT_EQ(to_text(from_json(document.dump(), "r.json")), to_text(sample_result()));
}

TEST(FromJson, OptionalNumbersMayBeAbsent) {
  nlohmann::ordered_json document = to_json(sample_result());
  document["cases"][0].erase("launches");
  document["cases"][0]["reference"].erase("copy_t_s");
  const Result result = from_json(document.dump(), "r.json");
  EXPECT_EQ(result.cases[0].launches, std::nullopt);
  EXPECT_EQ(result.cases[0].reference.copy_t_s, std::nullopt);
}

TEST(FromJson, FilesOfAnOlderBenchHaveNoTrace) {
  nlohmann::ordered_json document = to_json(sample_result());
  EXPECT_TRUE(document["cases"][0]["replicates"][1]["trace"].is_null());
  document["cases"][0]["replicates"][0].erase("trace");
  const Result result = from_json(document.dump(), "r.json");
  EXPECT_FALSE(result.cases[0].replicates[0].trace);
  EXPECT_FALSE(result.cases[0].replicates[1].trace);
}

TEST(FromJson, FilesOfAnOlderBenchHaveNeitherOriginsNorProcesses) {
  nlohmann::ordered_json document = to_json(sample_result());
  document.erase("origins");
  for (auto& replicate : document["cases"][0]["replicates"]) {
    replicate.erase("origin");
    replicate.erase("processes");
  }
  const Result result = from_json(document.dump(), "r.json");
  EXPECT_TRUE(result.origins.empty());
  EXPECT_TRUE(result.cases[0].replicates[0].processes.empty());
  EXPECT_EQ(origin_of(result, result.cases[0].replicates[0].origin).machine, result.machine);
}

TEST(FromJson, OriginsOfAnOlderBenchDoNotSayWhetherTheirBuildWasDirty) {
  nlohmann::ordered_json document = to_json(sample_result());
  EXPECT_TRUE(from_json(document.dump(), "r.json").origins.at(0).git_dirty);
  document["origins"][0].erase("git_dirty");
  document["origins"][0].erase("profile");
  EXPECT_FALSE(from_json(document.dump(), "r.json").origins.at(0).git_dirty);
  EXPECT_EQ(from_json(document.dump(), "r.json").origins.at(0).profile, "");
}

TEST(FromJson, EveryTruncationIsRefused) {
  const std::string text = to_text(sample_result());
  for (std::size_t size = 1; size <= text.find_last_of('}'); ++size) {
    const std::string message = complaint(std::string_view(text).substr(0, size));
    ASSERT_TRUE(message.starts_with("r.json: truncated: ends at ")) << size << ": " << message;
  }
}

TEST(FromJson, NamesThePlaceOfWhatIsNoJson) {
  EXPECT_EQ(complaint(""), "r.json: empty");
  EXPECT_EQ(complaint(" \n"), "r.json: empty");
  EXPECT_EQ(complaint("{\"schema_version\": 1,\n \"tool"),
            "r.json: truncated: ends at 2:7 in the middle of the document");
  EXPECT_EQ(complaint("scenario: zimage\n"), "r.json:1:1: not JSON");
  EXPECT_EQ(complaint("{\"schema_version\": 1,\n \"t_s\": NaN}"), "r.json:2:9: not JSON");
  EXPECT_EQ(complaint("{\"schema_version\": 1,\n \"t_s\": 1e999}"),
            "r.json:2:9: 1e999 is too large for a number");
}

TEST(FromJson, RefusesForeignAndNewerDocuments) {
  EXPECT_EQ(complaint("[]"), "r.json: no result of bench: schema_version is missing");
  EXPECT_EQ(complaint("{\"context\": {}}"),
            "r.json: no result of bench: schema_version is missing");
  EXPECT_EQ(complaint("{\"schema_version\": 2}"),
            "r.json: /schema_version: 2: written by a newer bench; this one reads up to 1");
  EXPECT_EQ(complaint("{\"schema_version\": 0}"),
            "r.json: /schema_version: 0: there is no such schema; the first is 1");
  EXPECT_EQ(complaint("{\"schema_version\": \"1\"}"),
            "r.json: /schema_version: must be a whole number >= 0, not a string");
}

struct Fault {
  std::string pointer;
  std::string_view value; ///< as JSON
  std::string complaint;
};

TEST(FromJson, RefusesFaultyValues) {
  using Json = nlohmann::ordered_json;
  const std::string samples = "/cases/0/replicates/0/samples";
  const std::string trace = "/cases/0/replicates/0/trace";
  const std::string seconds = "1e-9 (1 ns) to 86400 (1 day) seconds";
  const std::vector<Fault> faults{
      {samples + "/t_s", "[1, 2]", samples + "/start_s: has 3 entries where t_s has 2"},
      {samples + "/f_hz", "[1, 2]", samples + "/f_hz: has 2 entries where t_s has 3"},
      {samples + "/loop", "[]", samples + "/loop: has 0 entries where t_s has 3"},
      {samples + "/step", "[0, 1, 2, 3]", samples + "/step: has 4 entries where t_s has 3"},
      {samples + "/t_s/1", "-0.5", samples + "/t_s/1: must be " + seconds + ", not -0.5"},
      {samples + "/t_s/2", "0", samples + "/t_s/2: must be " + seconds + ", not 0"},
      {samples + "/t_s/2", "null", samples + "/t_s/2: must be " + seconds + ", not null"},
      {samples + "/t_s/1", "1e300", samples + "/t_s/1: must be " + seconds + ", not 1e+300"},
      {samples + "/t_s/1", "1e-300", samples + "/t_s/1: must be " + seconds + ", not 1e-300"},
      {samples + "/t_s/1", "86401", samples + "/t_s/1: must be " + seconds + ", not 86401"},
      {samples + "/t_s", "{}", samples + "/t_s: must be an array, not an object"},
      {samples + "/start_s/0", "-1", samples + "/start_s/0: must be a number >= 0, not -1"},
      {samples + "/f_hz/0", "0", samples + "/f_hz/0: must be a number > 0 or null, not 0"},
      {samples + "/loop/0", "2147483648",
       samples + "/loop/0: must be a whole number >= 0, not 2147483648"},
      {samples + "/step/0", "1.5", samples + "/step/0: must be a whole number >= 0, not 1.5"},
      {trace + "/power_w", "[1, 2]", trace + "/power_w: has 2 entries where t_s has 3"},
      {trace + "/clocks_events", "[]", trace + "/clocks_events: has 0 entries where t_s has 3"},
      {trace + "/t_s/1", "null", trace + "/t_s/1: must be a number, not null"},
      {trace + "/sm_clock_hz/1", "-1",
       trace + "/sm_clock_hz/1: must be a number >= 0 or null, not -1"},
      {"/cases/0/replicates/0/origin", "1", "/cases/0/replicates/0/origin: 1 of 1 origins"},
      {"/cases/0/replicates/1/origin", "-1",
       "/cases/0/replicates/1/origin: must be a whole number >= 0, not -1"},
      {"/cases/2/id", "\"zimage/loop/turbo-9/graph/aten\"",
       "/cases/2/id: zimage/loop/turbo-9/graph/aten is there twice: leave one of them"},
      {"/origins/0/machine", R"({"gpu": {"name": "NVIDIA H100"}})",
       "/origins/0/machine/gpu/name: is NVIDIA H100 in a file of NVIDIA H200: keep results of two "
       "GPU models in two files"},
      {"/origins/0/machine", "[]", "/origins/0/machine: must be an object, not an array"},
      {"/cases/0/replicates/0/processes/1/when", "\"now\"",
       "/cases/0/replicates/0/processes/1/when: must be one of before, after, not 'now'"},
      {"/cases/0/replicates/0/processes/0/foreign", "0",
       "/cases/0/replicates/0/processes/0/foreign: must be true or false, not 0"},
      {"/cases/1/kind", "\"ring\"",
       "/cases/1/kind: must be one of loop, kernel, anchor, not 'ring'"},
      {"/cases/1/status", "\"fine\"",
       "/cases/1/status: must be one of ok, invalid, failed, unavailable, not 'fine'"},
      {"/cases/0/gate_work", "0", "/cases/0/gate_work: must be a number > 0, not 0"},
      {"/scenario/only", "\"(\"", "/scenario/only: no regular expression"},
      {"/cases/0/launches", "-1", "/cases/0/launches: must be a whole number >= 0, not -1"},
      {"/cases/0/reference/copy_t_s", "0",
       "/cases/0/reference/copy_t_s: must be a number > 0, not 0"},
      {"/cases/0/check/finite", "1", "/cases/0/check/finite: must be true or false, not 1"},
      {"/cases/0/check", "true", "/cases/0/check: must be an object, not true"},
      {"/cases/0/kernels", "{\"a/b\": -3}",
       "/cases/0/kernels/a~1b: must be a whole number >= 0, not -3"},
      {"/cases/0/parameters", "{\"steps\": 9}",
       "/cases/0/parameters/steps: must be a string, not 9"},
      {"/cases/0/profile/kernels/0/grid", "[1, 2]",
       "/cases/0/profile/kernels/0/grid: has 2 entries, not 3"},
      {"/cases/0/profile/kernels/0/counters/l2_hit_rate", "null",
       "/cases/0/profile/kernels/0/counters/l2_hit_rate: must be a number >= 0, not null"},
      {"/cases/0/profile/counters/dram_read_bytes", "-1",
       "/cases/0/profile/counters/dram_read_bytes: must be a number >= 0, not -1"},
      {"/cases/0/profile/sample_s", "-1",
       "/cases/0/profile/sample_s: must be a number >= 0, not -1"},
      {"/cases", "{}", "/cases: must be an array, not an object"},
      {"/cases/2", "[]", "/cases/2: must be an object, not an array"},
      {"/machine/gpu", "\"H200\"", "/machine/gpu: must be an object, not a string"},
      {"/phases_s/start", "-1", "/phases_s/start: must be a number >= 0, not -1"},
      {"/argv", "[1]", "/argv/0: must be a string, not 1"}};
  const Json whole = to_json(sample_result());
  for (const Fault& fault : faults) {
    Json document = whole;
    document.at(Json::json_pointer(fault.pointer)) = Json::parse(fault.value);
    EXPECT_EQ(complaint(document.dump()), "r.json: " + fault.complaint);
  }
}

// Whatever to_json writes is needed, but for the numbers that may be unknown.
TEST(FromJson, NamesAMissingKey) {
  const nlohmann::ordered_json whole = to_json(sample_result());
  for (const auto& [key, value] : whole.items()) {
    if (key == "schema_version" || key == "origins")
      continue;
    nlohmann::ordered_json document = whole;
    document.erase(key);
    EXPECT_EQ(complaint(document.dump()), "r.json: /" + key + ": missing");
  }
  for (const auto& [key, value] : whole["cases"][0].items()) {
    if (key == "launches" || key == "profile")
      continue;
    nlohmann::ordered_json document = whole;
    document["cases"][0].erase(key);
    EXPECT_EQ(complaint(document.dump()), "r.json: /cases/0/" + key + ": missing");
  }
}

// A file of a bench that counted no steps.
TEST(FromJson, ProfilesNeedNoCounters) {
  nlohmann::ordered_json document = to_json(sample_result());
  document["cases"][0]["profile"].erase("counters");
  document["cases"][0]["profile"].erase("counters_message");
  const Result result = from_json(document.dump(), "r.json");
  const KernelProfile& profile = result.cases[0].profile.value();
  EXPECT_FALSE(profile.counters.has_value());
  EXPECT_EQ(profile.counters_message, "");
  EXPECT_EQ(profile.kernels.size(), 1u);
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

// The aim is 0.2 s each; the limit leaves room for slower machines and unoptimised builds.
TEST(FromJson, AThousandCasesTakeAFractionOfASecond) {
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
  constexpr double kLimit = 0.5;
#else
  constexpr double kLimit = 5;
#endif
  CaseResult one = sample_result().cases[0];
  one.replicates.resize(1);
  Samples& samples = one.replicates[0].samples;
  samples = {};
  for (int i = 0; i < 90; ++i) { // three loops of 30 steps
    samples.start_s.push_back(0.0931 * i);
    samples.t_s.push_back(0.0931 + 1e-5 / (i + 1));
    samples.f_hz.push_back(1.55e9 + 12345.678 * i);
    samples.loop.push_back(i / 30);
    samples.step.push_back(i % 30);
  }
  Result result = sample_result();
  result.cases.clear();
  for (int i = 0; i < 1000; ++i) {
    one.id = "zimage/" + std::to_string(i);
    result.cases.push_back(one);
  }

  const double start = cpu_seconds();
  const std::string text = to_text(result);
  const double written = cpu_seconds();
  const Result again = from_json(text, "r.json");
  const double read = cpu_seconds();
  EXPECT_EQ(again.cases.size(), 1000u);
  EXPECT_LT(written - start, kLimit);
  EXPECT_LT(read - written, kLimit);
}

} // namespace
} // namespace bench::results
