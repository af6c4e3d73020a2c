#include <bench/compare/judged_samples.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Replicate;
using results::Samples;

/// Two regions at each place, of so many microseconds; a clock of as many MHz as the place's
/// number.
Replicate replicate(const std::vector<double>& us_of_place) {
  Replicate result;
  Samples& samples = result.samples;
  for (std::size_t place = 0; place < us_of_place.size(); ++place) {
    for (int region = 0; region < 2; ++region) {
      samples.start_s.push_back(static_cast<double>(samples.start_s.size()));
      samples.t_s.push_back(us_of_place[place] * 1e-6);
      samples.f_hz.push_back(1e6 * static_cast<double>(place));
      samples.loop.push_back(static_cast<std::int32_t>(place));
      samples.step.push_back(region);
    }
  }
  return result;
}

CaseResult kernel(const std::vector<std::vector<double>>& replicates) {
  CaseResult c;
  c.kind = "kernel";
  for (const auto& us_of_place : replicates) {
    c.replicates.push_back(replicate(us_of_place));
  }
  return c;
}

TEST(PlaceEffects, AreWhatIsUsualAtAPlaceLessTheMean) {
  const CaseResult base = kernel({{1, 4}, {1, 4}}), fresh = kernel({{9, 4}});
  const PlaceEffects effects({&base, &fresh}); // the median of 1, 1 and 9
  EXPECT_TRUE(effects.any());
  EXPECT_NEAR(effects.at(0), -std::log(2), 1e-12);
  EXPECT_NEAR(effects.at(1), std::log(2), 1e-12);
}

TEST(PlaceEffects, ALoopHasNone) {
  CaseResult loop = kernel({{1, 4}});
  loop.kind = "loop";
  const PlaceEffects effects({&loop});
  EXPECT_FALSE(effects.any());
  EXPECT_EQ(judged_samples(loop.replicates[0], effects).t_s.size(), 4u) << "all of them";
}

TEST(JudgedSamples, AreThoseAtPlacesThatTakeWhatIsUsualThere) {
  // Places differ by up to 20 %; in the last replicate one is fast and three are slow.
  const std::vector<double> usual{2.61, 3.14, 3.04, 2.96, 2.95, 2.86, 2.77, 2.71};
  const CaseResult c = kernel({usual, usual, {2.61, 2.9, 3.4, 2.96, 3.1, 2.86, 3.0, 2.71}});
  const PlaceEffects effects({&c});
  const Samples judged = judged_samples(c.replicates[2], effects);
  EXPECT_EQ(judged.loop, (std::vector<std::int32_t>{0, 0, 3, 3, 5, 5, 7, 7}));
  EXPECT_EQ(judged.f_hz, (std::vector<double>{0, 0, 3e6, 3e6, 5e6, 5e6, 7e6, 7e6}));
  EXPECT_EQ(judged.start_s, (std::vector<double>{0, 1, 6, 7, 10, 11, 14, 15}));
  EXPECT_EQ(judged.step, (std::vector<std::int32_t>{0, 1, 0, 1, 0, 1, 0, 1}));
  double mean_log = 0; // what a kernel takes is the mean over its places
  for (const double us : usual) {
    mean_log += std::log(us * 1e-6) / 8;
  }
  for (const double t_s : judged.t_s) {
    EXPECT_NEAR(std::log(t_s), mean_log, 1e-12);
  }
}

TEST(JudgedSamples, OfFewPlacesLackTheSlowest) {
  const auto judged = [](std::vector<double> us) {
    const CaseResult c = kernel({std::vector<double>(us.size(), 1), us, us});
    const CaseResult usual =
        kernel(std::vector<std::vector<double>>(4, std::vector<double>(us.size(), 1)));
    auto places = judged_samples(c.replicates[2], PlaceEffects({&usual, &c})).loop;
    places.erase(std::unique(places.begin(), places.end()), places.end());
    return places;
  };
  using Places = std::vector<std::int32_t>;
  EXPECT_EQ(judged({1.7}), (Places{0}));
  EXPECT_EQ(judged({1.7, 1.5}), (Places{0, 1}));
  EXPECT_EQ(judged({1.7, 1.5, 1.6}), (Places{1, 2}));
  EXPECT_EQ(judged({1.7, 1.5, 1.6, 1.51}), (Places{1, 2, 3}));
}

TEST(JudgedSamples, AChangeOfAllPlacesIsSeenInFull) {
  const CaseResult base = kernel({{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}}),
                   fresh = kernel({{1.01, 2.02, 3.03, 4.04}});
  const PlaceEffects effects({&base, &fresh});
  EXPECT_NEAR(judged_samples(fresh.replicates[0], effects).t_s[0] /
                  judged_samples(base.replicates[0], effects).t_s[0],
              1.01, 1e-12);
}

TEST(Pooled, JoinsReplicatesAndLeavesOutWhatIsUnknown) {
  CaseResult result;
  EXPECT_TRUE(pooled(result, &Samples::t_s).empty());
  Replicate first, second;
  first.samples.t_s = {1, 2};
  first.samples.f_hz = {1e9, std::numeric_limits<double>::quiet_NaN()};
  second.samples.t_s = {3};
  second.samples.f_hz = {2e9};
  result.replicates = {first, second};
  EXPECT_EQ(pooled(result, &Samples::t_s), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(pooled(result, &Samples::f_hz), (std::vector<double>{1e9, 2e9}));
}

TEST(Pooled, IsOfTheJudgedSamples) {
  const std::vector<double> times = pooled(kernel({{1, 4}}), &Samples::t_s);
  ASSERT_EQ(times.size(), 4u);
  for (const double t_s : times) {
    EXPECT_NEAR(t_s, 2e-6, 1e-18);
  }
}

} // namespace
} // namespace bench::compare
