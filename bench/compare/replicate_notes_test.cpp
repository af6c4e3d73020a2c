#include <bench/compare/fake_comparison.h>
#include <bench/compare/replicate_notes.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Replicate;
using results::Result;
using Lines = std::vector<std::string>;

Result before() {
  return with_copies(with(0.1), 0);
}

Result later() {
  return with_copies(with(0.1), 100);
}

Lines notes_as_they_are(const Result& base, const Result& fresh) {
  return compare(base, fresh, known_noise()).notes;
}

Lines warnings(const Result& base, const Result& fresh) {
  return compare(base, fresh, known_noise()).cases.at(0).warnings;
}

TEST(ReplicateNotes, HaveNothingToSayOfAPlainComparison) {
  EXPECT_EQ(notes_as_they_are(before(), later()), Lines{});
  EXPECT_EQ(warnings(before(), later()), Lines{});
}

TEST(ReplicateNotes, CountReplicatesWhoseModeNoCopyTells) {
  Result base = before(), fresh = later();
  fresh.cases[1].replicates.pop_back();
  EXPECT_EQ(
      notes_as_they_are(base, fresh),
      Lines{"no memory copy was timed beside 1 of 3 replicates of the new result: whether the "
            "machine was in another mode is unknown"});
  base.cases.pop_back();
  fresh.cases.pop_back();
  EXPECT_EQ(notes_as_they_are(base, fresh),
            Lines{"no memory copy was timed beside 3 of 3 replicates of the baseline and 3 of 3 "
                  "replicates of the new result: whether the machine was in another mode is "
                  "unknown"});
  base.device = fresh.device = "cpu"; // whose copies tell nothing
  EXPECT_EQ(notes_as_they_are(base, fresh), Lines{});
}

TEST(ReplicateNotes, SayThatAResultIsComparedWithItself) {
  Result base = before();
  base.cases.push_back(results::fake_case("zimage/b", 0.1));
  Result fresh = later();
  fresh.cases.push_back(base.cases[2]);
  for (Replicate& replicate : fresh.cases[2].replicates) // as a baseline rounds it
    for (double& t_s : replicate.samples.t_s)
      t_s *= 1 + 1e-6;
  const Result copies = before(); // of the processes of b
  for (const Replicate& replicate : copies.cases[1].replicates)
    fresh.cases[1].replicates.push_back(replicate);
  EXPECT_EQ(notes_as_they_are(base, fresh),
            Lines{"compared with itself: the baseline holds 3 of the 6 new replicates (1 of 2 "
                  "cases)"});
  fresh.cases[2].replicates[0].started = "2026-11-24T11:00:00Z"; // a process id that came again
  fresh.cases[2].replicates[1].samples.t_s[0] *= 1.001;
  EXPECT_EQ(notes_as_they_are(base, fresh).at(0),
            "compared with itself: the baseline holds 1 of the 6 new replicates (1 of 2 cases)");
}

TEST(ReplicateNotes, NameTheGpuThatTheBaselineLacks) {
  Result fresh = later();
  for (CaseResult& c : fresh.cases)
    for (Replicate& replicate : c.replicates)
      replicate.device_uuid = "GPU-cccc-3";
  EXPECT_EQ(notes_as_they_are(before(), fresh),
            Lines{"the baseline does not hold GPU-cccc: other GPUs stand for it, and what they "
                  "leave open `bench ab` decides there"});
}

TEST(ReplicateNotes, SayOnceForAllCasesThatTheirGateChanged) {
  std::vector<CaseResult> cases;
  for (int i = 0; i < 5; ++i)
    cases.push_back(results::fake_case("zimage/" + std::to_string(i), 0.1));
  const Result base = results::fake_result(std::move(cases));
  Result fresh = base;
  for (std::size_t i = 0; i < 3; ++i)
    fresh.cases[i].gate_work = 0.005;
  EXPECT_EQ(notes(base, fresh), Lines{"gate of 3 cases: 0.5 % now, 0.2 % in the baseline"});
  fresh.cases[4].gate_work = 0.001;
  EXPECT_EQ(notes(base, fresh), (Lines{"gate of 1 case: 0.1 % now, 0.2 % in the baseline",
                                       "gate of 3 cases: 0.5 % now, 0.2 % in the baseline"}));
}

TEST(ReplicateWarnings, AMeasurementCountsOnce) {
  Result fresh = later();
  fresh.cases[0].replicates.push_back(fresh.cases[0].replicates[2]);
  const CaseComparison c = compare(before(), fresh, known_noise()).cases.at(0);
  EXPECT_EQ(c.warnings, Lines{"the new result repeats 1 of its 4 replicates: each counts once"});
  EXPECT_EQ(c.judgement.value().new_replicates, 3);
  EXPECT_DOUBLE_EQ(c.judgement->work.half_width,
                   only(before(), later()).judgement.value().work.half_width);
  fresh.cases[0].replicates[3].samples.t_s[0] *= 1.001; // another one of the same process
  EXPECT_EQ(warnings(before(), fresh), Lines{});
}

TEST(ReplicateWarnings, CountReplicatesWithoutSamples) {
  Result base = before();
  base.cases[0].replicates[1].samples = {};
  EXPECT_EQ(warnings(base, later()),
            Lines{"the baseline has no samples in 1 of its 3 replicates: left out"});
}

TEST(ReplicateWarnings, SayWhyACaseIsJudgedAsItWasTimed) {
  Result fresh = later();
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  fresh.cases[0].replicates[0].samples.f_hz[3] = unknown;
  EXPECT_EQ(warnings(before(), fresh), Lines{"the new result does not know the SM clock of 1 of 24 "
                                             "samples: work is judged as it was timed"});
  for (Replicate& replicate : fresh.cases[0].replicates)
    std::ranges::fill(replicate.samples.f_hz, unknown);
  EXPECT_EQ(warnings(before(), fresh), Lines{"the new result does not know the SM clock of all "
                                             "samples: work is judged as it was timed"});
  Result base = before();
  base.device = fresh.device = "cpu"; // whose clock nobody reads
  EXPECT_EQ(warnings(base, fresh), Lines{});
}

TEST(ReplicateWarnings, SayThatAnIntervalIsOfThePriorAlone) {
  Result base = before(), fresh = later();
  for (Result* side : {&base, &fresh})
    side->cases[0].replicates.resize(1);
  EXPECT_EQ(warnings(base, fresh),
            Lines{"one replicate a side: the interval rests on noise.json alone"});
  EXPECT_EQ(only(base, fresh).verdict, stats::Verdict::pass) << "as it is";
  EXPECT_EQ(compare(base, fresh, {}).cases.at(0).warnings, Lines{}) << "has no interval";
}

} // namespace
} // namespace bench::compare
