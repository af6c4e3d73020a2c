#include <bench/compare/fake_comparison.h>

#include <utility>

namespace bench::compare {
namespace {

using results::Result;
using stats::Verdict;

TEST(Limits, ChangedLimitsAreInvalid) {
  Result fresh = with(0.1);
  fresh.machine["gpu"]["power_limit_w"] = "600";
  EXPECT_EQ(only(with(0.1), fresh).verdict, Verdict::invalid);
  EXPECT_EQ(only(with(0.1), fresh).reason, "the power limit was 700 W, now it is 600 W: set it "
                                           "back, or promote a new baseline");
  fresh = with(0.1);
  fresh.machine["gpu"]["application_sm_clock_hz"] = "1500000000";
  EXPECT_EQ(only(with(0.1), fresh).reason, "the application clock was 1980 MHz, now it is 1500 "
                                           "MHz: set it back, or promote a new baseline");
  fresh.machine["gpu"].erase("application_sm_clock_hz"); // unknown is not different
  EXPECT_EQ(only(with(0.1), fresh).verdict, Verdict::pass);
}

/// One case, in three processes on each of these GPUs at that power limit.
Result at(const std::vector<std::pair<std::string, std::string>>& gpus) {
  Result result = with(0.1);
  result.cases[0].replicates.clear();
  int process = 0;
  for (const auto& [uuid, watts] : gpus) {
    results::Origin origin = origin_of(result, std::nullopt);
    origin.machine["gpu"]["power_limit_w"] = watts;
    for (int i = 0; i < 3; ++i) {
      results::Replicate replicate = results::fake_replicate(++process, 0.1, 8, uuid);
      set_origin(result, replicate, origin);
      result.cases[0].replicates.push_back(std::move(replicate));
    }
  }
  return result;
}

const Result kTwoLimits = at({{"GPU-a-1", "600"}, {"GPU-b-1", "700"}});

TEST(Limits, AGpuIsHeldAgainstItself) {
  EXPECT_EQ(only(kTwoLimits, kTwoLimits).verdict, Verdict::pass);
  EXPECT_EQ(only(kTwoLimits, at({{"GPU-b-1", "700"}})).verdict, Verdict::pass);
  // That another GPU of the baseline had this limit does not help.
  const CaseComparison other = only(kTwoLimits, at({{"GPU-a-1", "700"}}));
  EXPECT_EQ(other.verdict, Verdict::invalid);
  EXPECT_EQ(other.reason, "the power limit was 600 W, now it is 700 W: set it back, or "
                          "promote a new baseline");
  EXPECT_FALSE(other.judgement);
  EXPECT_EQ(only(kTwoLimits, at({{"GPU-a-1", "700"}, {"GPU-b-1", "600"}})).reason, other.reason);
  EXPECT_EQ(only(at({{"GPU-a-1", "600"}, {"GPU-a-1", "700"}}), at({{"GPU-a-1", "700"}})).reason,
            "the power limit was 600 W and 700 W, now it is 700 W: set it back, or "
            "promote a new baseline");
}

TEST(Limits, AnotherGpuIsHeldAgainstThoseAtItsLimit) {
  const Result elsewhere = at({{"GPU-c-1", "700"}});
  const CaseComparison c = only(kTwoLimits, elsewhere);
  ASSERT_TRUE(c.judgement) << c.reason;
  EXPECT_FALSE(c.judgement->same_device);
  EXPECT_EQ(c.judgement->base_replicates, 3);
  ASSERT_EQ(c.base_replicates.size(), 6u);
  for (const ReplicateMean& replicate : c.base_replicates)
    EXPECT_EQ(replicate.compared, replicate.gpu == "GPU-b");
  EXPECT_EQ(notes(kTwoLimits, elsewhere),
            (std::vector<std::string>{
                "replicates of the baseline are not compared: power limit 600 W, now 700 W",
                "the baseline does not hold GPU-c: other GPUs stand for it, and what they leave "
                "open `bench ab` decides there"}));
  EXPECT_EQ(only(kTwoLimits, at({{"GPU-c-1", "500"}})).reason,
            "the power limit was 600 W and 700 W, now it is 500 W: set it back, or "
            "promote a new baseline");
}

// Its number is that in the baseline, not that among those at the limit.
TEST(Limits, WhatIsSetAsideAmongThemKeepsItsNumber) {
  Result base = kTwoLimits, elsewhere = at({{"GPU-c-1", "700"}});
  for (Result* result : {&base, &elsewhere}) {
    results::CaseResult copies = anchor(1e-3);
    copies.replicates = result->cases[0].replicates;
    result->cases.push_back(std::move(copies));
  }
  for (double& t_s : base.cases[1].replicates[4].samples.t_s)
    t_s *= 1.1;
  const CaseComparison c = compare(base, elsewhere, known_noise()).cases.at(0);
  ASSERT_TRUE(c.judgement) << c.reason;
  EXPECT_EQ(c.judgement->base_set_aside, std::vector<std::size_t>{4});
  EXPECT_TRUE(c.base_replicates.at(4).set_aside);
  EXPECT_FALSE(c.base_replicates.at(1).compared);
  EXPECT_TRUE(c.base_replicates.at(5).compared);
}

TEST(Limits, NewReplicatesOfTwoAreNotTakenTogether) {
  EXPECT_EQ(only(kTwoLimits, at({{"GPU-c-1", "600"}, {"GPU-d-1", "700"}})).reason,
            "the power limit of the new replicates is 600 W and 700 W: set it back, or "
            "promote a new baseline");
}

TEST(Limits, UnknownIsNotAnother) {
  Result unknown = at({{"GPU-c-1", "700"}});
  for (results::Origin& origin : unknown.origins)
    origin.machine["gpu"].erase("power_limit_w");
  unknown.machine["gpu"].erase("power_limit_w");
  EXPECT_EQ(only(kTwoLimits, unknown).judgement.value().base_replicates, 6);
  EXPECT_EQ(only(unknown, at({{"GPU-d-1", "500"}})).judgement.value().base_replicates, 3);
}

} // namespace
} // namespace bench::compare
