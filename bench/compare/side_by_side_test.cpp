#include <bench/base/error.h>
#include <bench/compare/output.h>
#include <bench/compare/side_by_side.h>
#include <bench/results/fake_results.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Result;
using stats::Verdict;

Result on_gpu(const std::string& uuid, const std::vector<std::string>& ids, double t_s) {
  std::vector<CaseResult> cases;
  for (const std::string& id : ids) {
    cases.push_back(results::fake_case(id, t_s));
    for (std::uint64_t i = 0; i < 3; ++i) {
      cases.back().replicates[i].seed = i + 1;
      cases.back().replicates[i].device_uuid = uuid;
    }
  }
  return results::fake_result(std::move(cases));
}

class SideBySide : public testing::Test {
 protected:
  /// A baseline of one GPU, a run on another: of each case nobody can say anything.
  SideBySide()
      : comparison_(compare(on_gpu("GPU-aaaa-1", {"x", "y"}, 0.1),
                            on_gpu("GPU-bbbb-1", {"x", "y"}, 0.1), {})) {}

  static AbComparison pairs(const std::vector<std::string>& ids, double drift) {
    return compare_pairs(on_gpu("GPU-bbbb-1", ids, 0.1), on_gpu("GPU-bbbb-1", ids, 0.1 * drift), {},
                         0.99);
  }

  Comparison comparison_;
};

TEST_F(SideBySide, AnotherGpuWantsPairs) {
  EXPECT_TRUE(wants_pairs(comparison_.cases[0]));
  EXPECT_TRUE(wants_pairs(comparison_.cases[1]));
  Comparison same = compare(on_gpu("GPU-aaaa-1", {"x"}, 0.1), on_gpu("GPU-aaaa-1", {"x"}, 0.1), {});
  EXPECT_FALSE(wants_pairs(same.cases[0]));
}

TEST_F(SideBySide, PairsDecideTheCasesTheyMeasured) {
  decide_by_pairs(comparison_, pairs({"y"}, 1.003), "out/pairs");
  EXPECT_EQ(comparison_.cases[0].verdict, Verdict::inconclusive);
  EXPECT_EQ(comparison_.cases[0].pairs_of, "");
  const CaseComparison& y = comparison_.cases[1];
  EXPECT_EQ(y.verdict, Verdict::regression);
  EXPECT_NEAR(y.judgement->work.estimate, std::log(1.003), 1e-12);
  EXPECT_TRUE(y.judgement->same_device);
  EXPECT_EQ(y.pairs_of, "out/pairs");
  EXPECT_EQ(comparison_.notes.back(), "1 case is decided by 0123456789ab and this build in turn on "
                                      "NVIDIA H200 (GPU-bbbb), since the baseline cannot");
  const auto json = to_json(comparison_);
  EXPECT_EQ(json["cases"][1]["pairs_of"], "out/pairs");
  EXPECT_FALSE(json["cases"][0].contains("pairs_of"));
  EXPECT_EQ(json["cases"][0]["judgement"]["wants_pairs"], true);
}

TEST_F(SideBySide, ABuildThatTheBaselineDoesNotKnowTheCaseByIsNamed) {
  comparison_.cases[0].base_revision = "b08d72ab4447";
  EXPECT_EQ(revision_for_pairs(comparison_, comparison_.cases[0]), "b08d72ab4447");
  EXPECT_EQ(revision_for_pairs(comparison_, comparison_.cases[1]), "0123456789ab") << "the file's";
  decide_by_pairs(comparison_, pairs({"x", "y"}, 1), "out/pairs");
  EXPECT_EQ(comparison_.cases[0].base_revision, "b08d72ab4447");
  EXPECT_EQ(comparison_.notes.back(),
            "2 cases are decided by 0123456789ab and this build in turn on NVIDIA H200 (GPU-bbbb), "
            "since the baseline, of 0123456789ab and b08d72ab4447, cannot");
}

TEST_F(SideBySide, LaterPairsReplaceEarlierOnes) {
  decide_by_pairs(comparison_, pairs({"x", "y"}, 1.003), "first");
  decide_by_pairs(comparison_, pairs({"y"}, 1), "again");
  EXPECT_EQ(comparison_.cases[0].verdict, Verdict::regression);
  EXPECT_EQ(comparison_.cases[0].pairs_of, "first");
  EXPECT_EQ(comparison_.cases[1].verdict, Verdict::pass);
  EXPECT_EQ(comparison_.cases[1].pairs_of, "again");
}

TEST_F(SideBySide, WhatTheBaselineDecidedStays) {
  Comparison same = compare(on_gpu("GPU-aaaa-1", {"x"}, 0.1), on_gpu("GPU-aaaa-1", {"x"}, 0.1), {});
  ASSERT_EQ(same.cases[0].verdict, Verdict::pass);
  const std::vector<std::string> notes = same.notes;
  decide_by_pairs(same, pairs({"x"}, 1.003), "out/pairs");
  EXPECT_EQ(same.cases[0].verdict, Verdict::pass);
  EXPECT_EQ(same.notes, notes);
}

TEST_F(SideBySide, PairsWithoutADriftDecideNothing) {
  AbComparison failed = pairs({"x", "y"}, 1);
  failed.cases[0].verdict = Verdict::invalid;
  failed.cases[0].reason = "A: failed: no such kernel";
  failed.cases[1].verdict = Verdict::missing;
  failed.cases[1].reason = "only B has this case";
  decide_by_pairs(comparison_, failed, "out/pairs");
  for (const CaseComparison& c : comparison_.cases) {
    EXPECT_EQ(c.verdict, Verdict::inconclusive);
    EXPECT_EQ(c.pairs_of, "");
  }
  EXPECT_TRUE(comparison_.cases[0].reason.ends_with(
      "; in turn with the baseline's build it is invalid: A: failed: no such kernel"))
      << comparison_.cases[0].reason;
}

TEST_F(SideBySide, PairsOfOtherWorkDecideNothing) {
  Result other = on_gpu("GPU-bbbb-1", {"x", "y"}, 0.1);
  const Result a = other;
  other.cases[0].hash = "ffff456789abcdef"; // of both arms, or of B alone
  Result both = a;
  both.cases[0].hash = other.cases[0].hash;
  for (const Result& base : {a, both}) {
    Comparison comparison = comparison_;
    decide_by_pairs(comparison, compare_pairs(base, other, {}, 0.99), "out/pairs");
    EXPECT_EQ(comparison.cases[0].pairs_of, "");
    EXPECT_TRUE(comparison.cases[0].reason.ends_with("; the pairs in out/pairs are of other work"));
    EXPECT_EQ(comparison.cases[1].pairs_of, "out/pairs");
  }
}

TEST_F(SideBySide, PairsOfAnotherGpuModelAreRefused) {
  Result other = on_gpu("GPU-cccc-1", {"x"}, 0.1);
  other.machine["gpu"]["name"] = "NVIDIA H100";
  EXPECT_THROW(decide_by_pairs(comparison_, compare_pairs(other, other, {}, 0.99), "out/pairs"),
               UsageError);
}

TEST_F(SideBySide, WhatADriftMeansForLoopsFollowsThePairs) {
  comparison_.cases[1].loops = {{.loop = "turbo-9", .id = "z", .operation = "o", .share = 0.5}};
  decide_by_pairs(comparison_, pairs({"y"}, 1.003), "out/pairs");
  ASSERT_EQ(comparison_.cases[1].loops.size(), 1U);
  EXPECT_NEAR(comparison_.cases[1].loops[0].drift, 0.0015, 1e-9);
}

TEST_F(SideBySide, AnotherBuildThanTheBaselinesIsSaid) {
  AbComparison other = pairs({"x"}, 1);
  other.a.git_sha = "fedcba987654";
  other.b.git_sha = "111111111111";
  decide_by_pairs(comparison_, other, "out/pairs");
  EXPECT_EQ(comparison_.notes.back(),
            "1 case is decided by fedcba987654 and this build in turn on NVIDIA H200 (GPU-bbbb), "
            "since the baseline, of 0123456789ab, cannot; what was built then is "
            "111111111111, what the result is of 0123456789ab");
}

} // namespace
} // namespace bench::compare
