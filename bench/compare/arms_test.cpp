#include <bench/compare/arms.h>
#include <bench/compare/fake_comparison.h>

#include <cmath>
#include <limits>
#include <map>

namespace bench::compare {
namespace {

/// A kernel of `places` places, two regions in each, of so many microseconds.
results::CaseResult kernel(const std::map<int, double>& places) {
  results::CaseResult c = results::fake_case("zimage/a", 1);
  c.kind = "kernel";
  c.replicates.resize(1);
  results::Samples& samples = c.replicates[0].samples;
  samples = {};
  for (const auto& [place, us] : places) {
    for (int region = 0; region < 2; ++region) {
      samples.start_s.push_back(0);
      samples.t_s.push_back(us * 1e-6);
      samples.f_hz.push_back(1.98e9 + place);
      samples.loop.push_back(place);
      samples.step.push_back(region);
    }
  }
  return c;
}

Arm alone(const results::CaseResult& c) {
  return arm(c, Copies(results::fake_result({c})), PlaceEffects(c));
}

TEST(Arm, IsOfTheJudgedSamples) {
  results::CaseResult c = kernel({{0, 1.5}, {1, 1.5}, {2, 1.5}, {3, 1.5}});
  c.replicates.push_back(c.replicates[0]);
  c.replicates.push_back(c.replicates[0]);
  c.replicates[2].samples.t_s[4] = c.replicates[2].samples.t_s[5] = 1.6e-6;
  const Arm four = alone(c);
  ASSERT_EQ(four.observations.size(), 3u);
  EXPECT_EQ(four.observations[2].group, (std::vector<int>{1, 1, 3, 3}));
  EXPECT_DOUBLE_EQ(four.observations[2].log_f[2], std::log(1.98e9 + 3));
  EXPECT_DOUBLE_EQ(median_time(four, {2}), 1.5e-6);
  EXPECT_EQ(alone(results::fake_case("zimage/loop", 0.1)).observations[0].log_t.size(), 8u)
      << "all of a loop";
}

TEST(Arm, WithoutAClockHasNone) {
  results::CaseResult c = kernel({{0, 1.5}, {1, 1.6}});
  c.replicates[0].samples.f_hz[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(alone(c).observations[0].log_f.empty());
}

TEST(Arms, SayThatWhatPlacesAreWorthHasChanged) {
  const auto twice = [](const std::map<int, double>& places) {
    results::CaseResult c = kernel(places);
    c.replicates.push_back(c.replicates[0]);
    return c;
  };
  const results::CaseResult base = twice({{0, 1.5}, {1, 1.5}, {2, 1.5}, {3, 1.5}, {4, 1.5}});
  results::CaseResult fresh = twice({{0, 1.5}, {1, 1.5}, {2, 1.56}, {3, 1.6}, {4, 1.9}});
  const Copies none(results::fake_result({}));
  const Arms changed = arms(base, none, fresh, none);
  const double mean = std::log(1.56 * 1.6 * 1.9 / (1.5 * 1.5 * 1.5)) / 5;
  EXPECT_NEAR(changed.place_change, mean - std::log(1.56 / 1.5), 1e-12);
  results::CaseResult gated = results::fake_case("zimage/a", 0.1);
  gated.gate_work = 0.01;
  EXPECT_EQ(warnings(gated, gated, changed.place_change).size(), 1u);
  gated.gate_work = 0.5;
  EXPECT_TRUE(warnings(gated, gated, changed.place_change).empty());
  EXPECT_EQ(arms(base, none, base, none).place_change, 0);
  fresh.id = "zimage/other/a";
  EXPECT_EQ(arms(base, none, fresh, none).place_change, 0) << "another shape lies elsewhere";
  EXPECT_EQ(arms(base, none, results::fake_case("zimage/loop", 0.1), none)
                .fresh.observations[0]
                .log_t.size(),
            8u)
      << "a loop has no places";
}

// A process whose copy was slow ran on a GPU that was not itself.
TEST(Copies, OfTheSameProcessSetReplicatesAside) {
  const results::Result base =
      results::fake_result({results::fake_case("zimage/a", 0.1), anchor(1e-3)});
  results::Result fresh = base;
  for (double& t_s : fresh.cases[1].replicates[2].samples.t_s)
    t_s *= 1.1;
  const Comparison comparison = compare(base, fresh, known_noise());
  ASSERT_TRUE(comparison.cases[0].judgement);
  EXPECT_EQ(comparison.cases[0].judgement->new_set_aside, std::vector<std::size_t>{2});
  // Another process with its id, of another GPU, says nothing about it.
  fresh.cases[1].replicates[2].device_uuid = "GPU-bbbb-2";
  EXPECT_TRUE(compare(base, fresh, known_noise()).cases[0].judgement->new_set_aside.empty());
}

TEST(Warnings, SayThatALoopsBuffersLieElsewhere) {
  results::CaseResult base = results::fake_case("zimage/loop/a", 0.1), fresh = base;
  base.kind = fresh.kind = "loop";
  EXPECT_TRUE(warnings(base, fresh, 0).empty()); // neither says
  fresh.parameters["buffers"] = "at one place";
  ASSERT_EQ(warnings(base, fresh, 0).size(), 1u);
  EXPECT_EQ(warnings(base, fresh, 0)[0], "its buffers lay anywhere and lie at one place now: up to "
                                         "0.1 % of the drift is that");
  base.parameters = {{"engine", "worker"}}; // whose buffers are its own business
  EXPECT_TRUE(warnings(base, fresh, 0).empty());
  EXPECT_TRUE(warnings(fresh, base, 0).empty());
  base.parameters = {{"buffers", "at one place"}};
  EXPECT_TRUE(warnings(base, fresh, 0).empty());
  base.kind = fresh.kind = "kernel";
  base.parameters.clear();
  EXPECT_TRUE(warnings(base, fresh, 0).empty());
}

TEST(Warnings, SayThatTheGpuWaitsForTheHost) {
  const results::CaseResult ahead = results::fake_case("zimage/loop/a", 0.1);
  results::CaseResult waiting = ahead;
  note_gpu_waits_for_host(waiting);
  const std::string judged =
      ": judged as it was timed, since its time does not follow the SM clock";
  using Lines = std::vector<std::string>;
  EXPECT_EQ(warnings(ahead, ahead, 0), Lines{});
  EXPECT_EQ(warnings(waiting, waiting, 0), Lines{"the GPU waits for the host" + judged});
  EXPECT_EQ(warnings(ahead, waiting, 0), Lines{"the GPU waits for the host now" + judged});
  EXPECT_EQ(warnings(waiting, ahead, 0),
            Lines{"the GPU waited for the host, it does not now" + judged});
}

TEST(Copies, OfProcessIdsThatComeAgainAreToldApartByTheirStart) {
  const results::Result base =
      results::fake_result({results::fake_case("zimage/a", 0.1), anchor(1e-3)});
  results::Result fresh = base;
  results::Replicate again = fresh.cases[1].replicates[0];
  again.started = "2026-11-24T11:00:00Z";
  for (double& t_s : again.samples.t_s)
    t_s *= 1.1;
  fresh.cases[1].replicates.insert(fresh.cases[1].replicates.begin(), again);
  EXPECT_TRUE(compare(base, fresh, known_noise()).cases[0].judgement->new_set_aside.empty());
  fresh.cases[0].replicates[0].started = "2026-11-24T11:00:20Z"; // a case of the later process
  EXPECT_EQ(compare(base, fresh, known_noise()).cases[0].judgement->new_set_aside,
            std::vector<std::size_t>{0});
  fresh.cases[1].replicates[0].seed += 1; // of a third one
  EXPECT_TRUE(compare(base, fresh, known_noise()).cases[0].judgement->new_set_aside.empty());
}

} // namespace
} // namespace bench::compare
