#include <bench/base/error.h>
#include <bench/baseline/promotion.h>
#include <bench/results/fake_results.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bench::baseline {
namespace {

using results::CaseResult;
using results::CaseStatus;
using results::Result;

const Promotion kPromotion{.reason = "why", .when = "2026-11-24T12:00:00Z"};

std::string refusal(auto change, Promotion promotion = kPromotion) {
  Result result = results::on("GPU-a", 0.1);
  change(result);
  try {
    check_promotable({"r.json", result}, promotion);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Promotion, RefusesWhatIsNoBaseline) {
  EXPECT_EQ(refusal([](Result&) {}), "accepted");
  const auto interrupted = [](Result& r) { r.interrupted = true; };
  const auto failed = [](Result& r) {
    r.cases.push_back(results::fake_case("zimage/b", 1));
    r.cases[1].status = CaseStatus::failed;
  };
  const auto not_finite = [](Result& r) { r.cases[0].check.finite = false; };
  const auto empty = [](Result& r) { r.cases[0].replicates.clear(); };
  const auto dirty = [](Result& r) { r.git_dirty = true; };
  const auto cpu = [](Result& r) { r.device = "cpu"; };
  EXPECT_EQ(refusal(interrupted), "r.json: was interrupted: run it again, or --force to take the "
                                  "cases that had finished");
  EXPECT_EQ(refusal(failed),
            "r.json: zimage/b is failed: run it again, or --force to leave such cases out");
  EXPECT_EQ(refusal(not_finite), "r.json: the output of zimage/a is not finite: mend it and run "
                                 "again, or --force to take its times all the same");
  EXPECT_EQ(refusal(empty),
            "r.json: zimage/a has no samples: run it again, or --force to leave it out");
  EXPECT_EQ(refusal(dirty),
            "r.json: was measured by a harness with uncommitted changes: commit and "
            "run again, or --force");
  EXPECT_EQ(refusal([](Result& r) {
              set_origin(r, r.cases[0].replicates[2], {"ffff", true, {}, {}, {}});
            }),
            refusal(dirty))
      << "a replicate of a run before";
  EXPECT_EQ(refusal(cpu), "r.json: was measured on the CPU: its times say nothing about a GPU; "
                          "--force to take it");
  Promotion forced = kPromotion;
  forced.force = true;
  EXPECT_EQ(refusal(interrupted, forced), "accepted");
  EXPECT_EQ(refusal(failed, forced), "accepted");
  EXPECT_EQ(refusal(not_finite, forced), "accepted");
  EXPECT_EQ(refusal(dirty, forced), "accepted");
  EXPECT_EQ(refusal(cpu, forced), "accepted");
  EXPECT_EQ(refusal([](Result& r) { r.cases.clear(); }, forced),
            "r.json: no case is ok: nothing to promote");
  EXPECT_EQ(refusal([](Result& r) { r.scenario = "../x"; }, forced),
            "r.json: its scenario's name is no file name");
  forced.reason = " ";
  EXPECT_EQ(refusal([](Result&) {}, forced),
            "r.json: say why it becomes the baseline: --reason TEXT");
}

TEST(Promotion, FolderIsOfTheGpuModel) {
  const auto folder = [](std::string name) {
    Result result = results::on("GPU-a", 0.1);
    result.machine["gpu"]["name"] = std::move(name);
    return gpu_folder(result, "r.json");
  };
  EXPECT_EQ(folder("NVIDIA H200"), "h200");
  EXPECT_EQ(folder("NVIDIA H100 80GB HBM3"), "h100");
  EXPECT_EQ(folder("H20_x"), "h20");
  EXPECT_THROW(folder(""), UsageError);
  EXPECT_THROW(folder("../x"), UsageError);
}

TEST(Promotion, KeepsReplicatesOfOtherGpusAndReplacesThoseOfItsOwn) {
  Result old = results::on("GPU-a", 0.1);
  const Result second = results::on("GPU-b", 0.1);
  for (const results::Replicate& replicate : second.cases[0].replicates)
    old.cases[0].replicates.push_back(replicate);
  const Result promoted = promote(old, results::on("GPU-a", 0.2), kPromotion);
  EXPECT_EQ(results::uuids(promoted.cases.at(0)),
            (std::vector<std::string>{"GPU-a", "GPU-a", "GPU-a", "GPU-b", "GPU-b", "GPU-b"}));
  EXPECT_NEAR(promoted.cases[0].replicates[0].samples.t_s[0], 0.2, 1e-3);
  EXPECT_EQ(promotion_fact(promoted, "reason"), "why");
  EXPECT_EQ(promotion_fact(promoted, "from"), "0123456789ab");
  EXPECT_EQ(promotion_fact(promoted, "when"), "2026-11-24T12:00:00Z");
}

/// One case on GPU-<first> to GPU-<last>, each measured on its day of November.
Result on_gpus(int first, int last) {
  Result all = results::on("", 0.1);
  all.cases[0].replicates.clear();
  for (int day = first; day <= last; ++day) {
    Result one = results::on(fmt::format("GPU-{}", day), 0.1);
    for (results::Replicate& replicate : one.cases[0].replicates) {
      replicate.started = fmt::format("2026-11-{:02}T12:00:00Z", day);
      all.cases[0].replicates.push_back(replicate);
    }
  }
  return all;
}

std::set<std::string> gpus_of(const Result& result) {
  const std::vector<std::string> all = results::uuids(result.cases.at(0));
  return {all.begin(), all.end()};
}

TEST(Promotion, LeavesThePromotedGpusAndTheOthersMeasuredLast) {
  constexpr int kLast = 10 + static_cast<int>(kMostGpus);
  const Result full = on_gpus(11, kLast);
  const auto gpus_after = [&](const Result& fresh) {
    return gpus_of(promote(full, fresh, kPromotion));
  };
  EXPECT_EQ(gpus_after(on_gpus(15, 15)), gpus_of(full)) << "has that GPU";
  EXPECT_EQ(gpus_after(on_gpus(kLast + 1, kLast + 1)), gpus_of(on_gpus(12, kLast + 1)));
  std::set<std::string> with_an_older = gpus_of(on_gpus(12, kLast));
  with_an_older.insert("GPU-1");
  EXPECT_EQ(gpus_after(on_gpus(1, 1)), with_an_older);
  const Result many = on_gpus(1, static_cast<int>(kMostGpus) + 1);
  EXPECT_EQ(gpus_after(many), gpus_of(many)) << "all of them are promoted";
}

TEST(Promotion, AGpuThatWaitedForTheHostInReplicatesThatStayIsNoted) {
  Result old = results::on("GPU-b", 0.1);
  note_gpu_waits_for_host(old.cases[0]);
  const Result promoted = promote(old, results::on("GPU-a", 0.1), kPromotion);
  EXPECT_TRUE(gpu_waits_for_host(promoted.cases.at(0)));
}

TEST(Promotion, ReplacesReplicatesOfOtherGpusWhereTheCodesSpeedHasChanged) {
  const Result old = results::on("GPU-b", 0.1);
  Promotion promotion = kPromotion;
  promotion.replace = Pattern("/a$");
  EXPECT_EQ(results::uuids(promote(old, results::on("GPU-a", 0.2), promotion).cases.at(0)),
            std::vector<std::string>(3, "GPU-a"));
  promotion.replace = Pattern("/b$");
  EXPECT_EQ(results::uuids(promote(old, results::on("GPU-a", 0.2), promotion).cases.at(0)).size(),
            6U);
}

TEST(Promotion, ReplacesOtherWorkAndKeepsOtherCases) {
  Result old = results::fake_result(
      {results::fake_case("zimage/a", 0.1), results::fake_case("zimage/b", 0.3)});
  old.profile = "full";
  Result fresh = results::on("GPU-b", 0.2);
  fresh.profile = "gate";
  fresh.cases[0].hash = "ffff456789abcdef";
  const Result promoted = promote(old, fresh, kPromotion);
  ASSERT_EQ(promoted.cases.size(), 2u);
  EXPECT_EQ(results::uuids(promoted.cases[0]), std::vector<std::string>(3, "GPU-b"));
  EXPECT_EQ(promoted.cases[1].id, "zimage/b");
  EXPECT_EQ(promoted.profile, "gate");
  EXPECT_EQ(profile_of(promoted, promoted.cases[0].replicates[0]), "gate");
  EXPECT_EQ(profile_of(promoted, promoted.cases[1].replicates[0]), "full");
}

TEST(Promotion, OfAnotherGpuModelNothingStays) {
  Result old = results::fake_result(
      {results::fake_case("zimage/a", 0.1), results::fake_case("zimage/b", 0.3)});
  old.machine["gpu"]["name"] = "NVIDIA H100";
  EXPECT_EQ(promote(old, results::on("GPU-b", 0.2), kPromotion).cases.size(), 1u);
}

TEST(Promotion, LeavesOutWhatIsNotOk) {
  Result fresh = results::on("GPU-a", 0.1);
  fresh.cases.push_back(results::fake_case("zimage/b", 0.1));
  fresh.cases[1].status = CaseStatus::invalid;
  EXPECT_EQ(promote(std::nullopt, fresh, kPromotion).cases.size(), 1u);
}

TEST(Promotion, AnchorsStayAsLongAsTheirProcess) {
  const auto anchored = [](Result result, std::int64_t first_process) {
    for (results::Replicate& replicate : result.cases[0].replicates)
      replicate.process += first_process;
    CaseResult anchor = result.cases[0];
    anchor.id = "zimage/anchor/copy";
    anchor.kind = "anchor";
    result.cases.push_back(anchor);
    return result;
  };
  Result old = anchored(results::on("GPU-a", 0.1), 100);
  const auto processes = [](const Result& result) {
    std::vector<std::int64_t> all;
    for (const results::Replicate& replicate : result.cases.at(1).replicates)
      all.push_back(replicate.process);
    return all;
  };
  const Result fresh = anchored(results::on("GPU-a", 0.2), 200);
  EXPECT_EQ(processes(promote(old, fresh, kPromotion)), (std::vector<std::int64_t>{201, 202, 203}));
  old.cases.push_back(
      results::fake_case("zimage/b", 0.3)); // is kept, and so is its process's anchor
  old.cases.back().replicates = {old.cases[0].replicates[0]};
  EXPECT_EQ(processes(promote(old, fresh, kPromotion)),
            (std::vector<std::int64_t>{201, 202, 203, 101}));
}

TEST(Promotion, MergesResultsOfOneRevision) {
  const auto merged = [](auto change) {
    Result other = results::on("GPU-b", 0.2);
    change(other);
    return merge({{"a.json", results::on("GPU-a", 0.1)}, {"b.json", other}}, false);
  };
  const auto complaint = [&](auto change) -> std::string {
    try {
      merged(change);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(merged([](Result&) {}).cases.at(0).replicates.size(), 6u);
  EXPECT_EQ(merged([](Result& r) { r = results::on("GPU-a", 0.1); }).cases.at(0).replicates.size(),
            3u);
  EXPECT_EQ(merged([](Result& r) { r.cases[0].id = "zimage/b"; }).cases.size(), 2u);
  EXPECT_EQ(complaint([](Result& r) { r.scenario = "flux"; }),
            "b.json is of scenario flux, a.json of zimage: promote them one by one");
  EXPECT_EQ(complaint([](Result& r) { r.machine["gpu"]["name"] = "NVIDIA H100"; }),
            "b.json is of GPU model NVIDIA H100, a.json of NVIDIA H200: promote them one by one");
  EXPECT_EQ(complaint([](Result& r) { r.git_sha = "ffff"; }),
            "b.json is of revision ffff, a.json of 0123456789ab: promote them one by one");
  EXPECT_EQ(complaint([](Result& r) { r.cases[0].hash = "ffff456789abcdef"; }),
            "b.json: zimage/a is other work than in a.json: hash differs: the work is not the same "
            "(baseline 0123456789abcdef, this ffff456789abcdef); promote them one by one");
}

TEST(Promotion, KeepsWhereEachReplicateComesFrom) {
  const auto from = [](const char* uuid, const char* driver, const char* sha) {
    Result result = results::on(uuid, 0.1);
    result.git_sha = sha;
    result.machine["gpu"]["uuid"] = uuid;
    result.machine["driver"]["version"] = driver;
    return result;
  };
  const auto driver_of = [](const Result& result, std::size_t replicate) {
    return origin_of(result, result.cases.at(0).replicates.at(replicate).origin)
        .machine.at("driver")
        .at("version");
  };
  const Result merged =
      merge({{"a", from("GPU-a", "570", "one")}, {"b", from("GPU-b", "580", "one")}}, false);
  EXPECT_EQ(driver_of(merged, 0), "570");
  EXPECT_EQ(driver_of(merged, 3), "580");
  const Result promoted = promote(merged, from("GPU-a", "590", "two"), kPromotion);
  ASSERT_EQ(promoted.cases[0].replicates.size(), 6U);
  EXPECT_EQ(promoted.origins.size(), 1U) << "nobody needs that of driver 570 any more";
  EXPECT_EQ(driver_of(promoted, 0), "590");
  EXPECT_EQ(driver_of(promoted, 3), "580");
  EXPECT_EQ(origin_of(promoted, promoted.cases[0].replicates[3].origin).git_sha, "one");

  // An older bench kept the facts of the last run only: which GPU the others are, it does not know.
  Result old = merged;
  old.origins.clear();
  for (results::Replicate& replicate : old.cases[0].replicates)
    replicate.origin.reset();
  const Result now = promote(old, from("GPU-a", "590", "two"), kPromotion);
  EXPECT_EQ(driver_of(now, 3), "570");
  EXPECT_FALSE(now.origins.at(0).machine.at("gpu").contains("uuid"));
  EXPECT_EQ(now.origins.at(0).machine.at("gpu").at("name"), "NVIDIA H200");
}

TEST(Promotion, KeepsWhichReplicatesAreOfUncommittedChanges) {
  const auto dirty_of = [](const Result& result) {
    std::vector<bool> dirty;
    for (const results::Replicate& replicate : result.cases.at(0).replicates)
      dirty.push_back(origin_of(result, replicate.origin).git_dirty);
    return dirty;
  };
  Result dirty = results::on("GPU-b", 0.1);
  dirty.git_dirty = true;
  const std::vector<bool> last_three{false, false, false, true, true, true};
  EXPECT_EQ(dirty_of(merge({{"a", results::on("GPU-a", 0.1)}, {"b", dirty}}, true)), last_three);
  EXPECT_EQ(dirty_of(promote(dirty, results::on("GPU-a", 0.1), kPromotion)), last_three);
}

TEST(Promotion, RoundsNumbers) {
  Result result = results::on("GPU-a", 0.1);
  results::Samples& samples = result.cases[0].replicates[0].samples;
  samples.t_s[0] = 2.230498765e-5;
  samples.f_hz[0] = 1549876543.21;
  samples.f_hz[1] = std::nan("");
  samples.start_s[1] = 1.23456789;
  compact(result);
  EXPECT_EQ(samples.t_s[0], 2.2305e-5);
  EXPECT_EQ(samples.f_hz[0], 1549880000);
  EXPECT_TRUE(std::isnan(samples.f_hz[1]));
  EXPECT_EQ(samples.start_s[1], 1.235);
}

TEST(Promotion, ThinsAnchorsOut) {
  Result result = results::fake_result(
      {results::fake_case("zimage/a", 0.1, 60), results::fake_case("zimage/anchor/copy", 0.1, 60)});
  result.cases[1].kind = "anchor";
  const Result promoted = promote(std::nullopt, result, {.reason = "r", .when = "now"});
  EXPECT_EQ(promoted.cases[0].replicates[0].samples.t_s.size(), 60u);
  const results::Samples& anchor = promoted.cases[1].replicates[0].samples;
  EXPECT_EQ(anchor.t_s.size(), 24u);
  EXPECT_EQ(anchor.f_hz.size(), 24u);
  EXPECT_EQ(anchor.start_s.size(), 24u);
  EXPECT_EQ(anchor.start_s.back(), 5.7); // the 58th of 60
  EXPECT_EQ(anchor.loop.size(), anchor.step.size());
}

TEST(Promotion, LeavesTracesOutAndKeepsWhatCameOfThem) {
  Result result = results::on("GPU-a", 0.1);
  results::Replicate& replicate = result.cases[0].replicates[0];
  const std::vector<double> column(65, 690.1);
  replicate.trace = results::Trace{column, column, column, column, column};
  replicate.processes.push_back({.when = "before", .pid = 1, .kind = "compute", .name = "bench"});
  replicate.machine["sampled"]["power_w"] = 690.1;
  const std::size_t bytes = baseline_text(result, "b.json").size();
  compact(result);
  EXPECT_FALSE(replicate.trace);
  EXPECT_TRUE(replicate.processes.empty());
  EXPECT_EQ(replicate.machine["sampled"]["power_w"], 690.1);
  EXPECT_LT(baseline_text(result, "b.json").size(), bytes);
}

TEST(Promotion, RefusesWhatIsTooLargeToKeep) {
  Result result = results::on("GPU-a", 0.1);
  EXPECT_LT(baseline_text(result, "b.json").size(), 10'000u);
  result.cases = {results::fake_case("zimage/a", 0.1, 20'000)};
  compact(result);
  try {
    baseline_text(result, "b.json");
    FAIL() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_TRUE(std::string_view(error.what()).starts_with("b.json: would take "));
  }
}

TEST(Promotion, FaultsOfABaseline) {
  Result result = results::on("GPU-a", 0.1);
  EXPECT_TRUE(baseline_faults(result).empty());
  result.cases[0].hash = "xyz";
  result.cases[0].replicates.clear();
  result.cases[0].status = CaseStatus::invalid;
  EXPECT_EQ(baseline_faults(result),
            (std::vector<std::string>{"zimage/a: is invalid, not ok",
                                      "zimage/a: its hash must be 16 hex digits, not 'xyz'",
                                      "zimage/a: has no samples"}));
}

TEST(Promote, KeepsHowItWasMeasuredAndNotWhereFilesLay) {
  Result result = results::on("GPU-a", 0.1);
  result.argv = {"bench",  "run", "s.yaml",        "--out",   "/there/r.json",
                 "--only", "a",   "--baseline=/b", "--quiet", "--resume"};
  const std::vector<std::string> kept{"bench", "run", "s.yaml", "--only", "a", "--quiet"};
  EXPECT_EQ(promote(std::nullopt, result, kPromotion).argv, kept);
  EXPECT_EQ(promote(result, result, kPromotion).argv, kept) << "the old replicates of the GPU go";
  EXPECT_EQ(promote(results::on("GPU-b", 0.1), result, kPromotion).argv, std::vector<std::string>{})
      << "no one command measured both";
  Result again = result;
  again.argv[4] = "/elsewhere.json";
  EXPECT_EQ(merge({{"a", result}, {"b", again}}, false).argv, result.argv);
  again.argv[6] = "b";
  EXPECT_TRUE(merge({{"a", result}, {"b", again}}, false).argv.empty());
}

} // namespace
} // namespace bench::baseline
