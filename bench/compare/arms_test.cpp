#include <bench/compare/arms.h>
#include <bench/compare/fake_results.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

namespace bench::compare {
namespace {

/// A kernel of `places` places, two regions in each, of so many microseconds.
results::CaseResult kernel(const std::map<int, double>& places) {
  results::CaseResult c = fake_case("zimage/a", 1);
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
  return arm(c, Copies(fake_result({c})), PlaceEffects(c));
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
  EXPECT_EQ(alone(fake_case("zimage/loop", 0.1)).observations[0].log_t.size(), 8u)
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
  const Copies none(fake_result({}));
  const Arms changed = arms(base, none, fresh, none);
  const double mean = std::log(1.56 * 1.6 * 1.9 / (1.5 * 1.5 * 1.5)) / 5;
  EXPECT_NEAR(changed.place_change, mean - std::log(1.56 / 1.5), 1e-12);
  EXPECT_NE(place_warning(changed.place_change, 0.01), "");
  EXPECT_EQ(place_warning(changed.place_change, 0.5), "");
  EXPECT_EQ(arms(base, none, base, none).place_change, 0);
  fresh.id = "zimage/other/a";
  EXPECT_EQ(arms(base, none, fresh, none).place_change, 0) << "another shape lies elsewhere";
  EXPECT_EQ(
      arms(base, none, fake_case("zimage/loop", 0.1), none).fresh.observations[0].log_t.size(), 8u)
      << "a loop has no places";
}

} // namespace
} // namespace bench::compare
