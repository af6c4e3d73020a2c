#include <bench/compare/judged_samples.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Replicate;
using results::Samples;
using Places = std::vector<std::int32_t>;

const std::vector<double> kUsual{2.61, 3.14, 3.04, 2.96, 2.95, 2.86, 2.77, 2.71};

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
  for (const auto& us_of_place : replicates)
    c.replicates.push_back(replicate(us_of_place));
  return c;
}

/// `count` replicates that scatter by 0.1 % at each place, at `factor` times the usual.
CaseResult noisy(int count, double factor, unsigned seed, std::vector<double> usual = kUsual) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 0.001);
  std::vector<std::vector<double>> replicates;
  for (int i = 0; i < count; ++i) {
    std::vector<double>& us = replicates.emplace_back(usual);
    for (double& each : us)
      each *= factor * std::exp(noise(random));
  }
  return kernel(replicates);
}

double mean_log(const CaseResult& c, const PlaceEffects& effects) {
  double sum = 0;
  for (const Replicate& each : c.replicates) {
    const Samples judged = judged_samples(each, effects);
    double of_one = 0;
    for (const double t_s : judged.t_s)
      of_one += std::log(t_s) / static_cast<double>(judged.t_s.size());
    sum += of_one / static_cast<double>(c.replicates.size());
  }
  return sum;
}

double drift(const CaseResult& base, const CaseResult& fresh) {
  const PlaceEffects effects(base, fresh);
  return mean_log(fresh, effects) - mean_log(base, effects);
}

TEST(PlaceEffects, AreWhatIsUsualAtAPlaceLessTheMean) {
  const PlaceEffects effects(kernel({{1, 4}, {1, 4}, {9, 4}}));
  EXPECT_TRUE(effects.any());
  EXPECT_NEAR(*effects.find(0), -std::log(2), 1e-12);
  EXPECT_NEAR(*effects.find(1), std::log(2), 1e-12);
  EXPECT_FALSE(effects.find(2));
}

TEST(PlaceEffects, OfTwoArmsAreAtPlacesThatBothHave) {
  const PlaceEffects effects(kernel({{1, 4, 7}, {1, 4, 7}, {1, 4, 7}}), kernel({{4, 1}}));
  EXPECT_NEAR(*effects.find(0), 0, 1e-12) << "each arm counts alike";
  EXPECT_NEAR(*effects.find(1), 0, 1e-12);
  EXPECT_FALSE(effects.find(2));
}

TEST(PlaceEffects, ALoopHasNone) {
  CaseResult loop = kernel({{1, 4}});
  loop.kind = "loop";
  const PlaceEffects effects(loop);
  EXPECT_FALSE(effects.any());
  EXPECT_EQ(judged_samples(loop.replicates[0], effects).t_s.size(), 4u) << "all of them";
}

TEST(JudgedSamples, AreThoseInTheMiddleOfWhatIsUsual) {
  // In the last replicate one place is fast and three are slow.
  const CaseResult c = kernel({kUsual, kUsual, {2.4, 3.2, 3.4, 2.97, 3.1, 2.85, 2.775, 2.70}});
  const PlaceEffects effects(c);
  const Samples judged = judged_samples(c.replicates[2], effects);
  EXPECT_EQ(judged.loop, (Places{3, 3, 6, 6}));
  EXPECT_EQ(judged.f_hz, (std::vector<double>{3e6, 3e6, 6e6, 6e6}));
  EXPECT_EQ(judged.start_s, (std::vector<double>{6, 7, 12, 13}));
  EXPECT_EQ(judged.step, (std::vector<std::int32_t>{0, 1, 0, 1}));
  double usual = 0; // what a kernel takes is the mean over its places
  for (const double us : kUsual)
    usual += std::log(us * 1e-6) / 8;
  EXPECT_NEAR(std::log(judged.t_s[0]), usual + std::log(2.97 / 2.96), 1e-12);
  EXPECT_NEAR(std::log(judged.t_s[2]), usual + std::log(2.775 / 2.77), 1e-12);
}

TEST(JudgedSamples, OfAnOddNumberOfPlacesAreAtOne) {
  const CaseResult c = kernel({{1, 1, 1}, {1, 1, 1}, {1.7, 1.5, 1.6}});
  EXPECT_EQ(judged_samples(c.replicates[2], PlaceEffects(c)).loop, (Places{2, 2}));
  const CaseResult one = kernel({{1.7}});
  EXPECT_EQ(judged_samples(one.replicates[0], PlaceEffects(one)).loop, (Places{0, 0}));
}

TEST(JudgedSamples, ADriftOfAllPlacesIsSeenInFullWhicheverArmHasMore) {
  for (const auto& [before, now] : {std::pair{3, 3}, {12, 3}, {3, 10}, {2, 1}}) {
    const CaseResult base = noisy(before, 1, 1), slower = noisy(now, 1.03, 2);
    EXPECT_NEAR(drift(base, slower), std::log(1.03), 0.001) << before << " against " << now;
    EXPECT_NEAR(drift(base, slower), -drift(slower, base), 1e-12) << "swapped";
    EXPECT_EQ(PlaceEffects(base, slower).change(), 0) << before << " against " << now;
  }
}

TEST(JudgedSamples, ADriftIsSeenInFullWhereOneArmHasFewerPlaces) {
  const CaseResult base = noisy(3, 1, 1),
                   fewer = noisy(5, 1.03, 2, {kUsual[0], kUsual[1], kUsual[2], kUsual[3]});
  EXPECT_NEAR(drift(base, fewer), std::log(1.03), 0.002);
  EXPECT_NEAR(drift(fewer, base), -std::log(1.03), 0.002);
}

TEST(JudgedSamples, OfArmsWithoutAPlaceInCommonAreNone) {
  const CaseResult base = kernel({{1.7}});
  CaseResult elsewhere = base;
  elsewhere.replicates[0].samples.loop = {1, 1};
  EXPECT_TRUE(judged_samples(base.replicates[0], PlaceEffects(base, elsewhere)).t_s.empty());
}

TEST(JudgedSamples, WhatTogglesAtThreePlacesIsNoDrift) {
  const CaseResult base = noisy(3, 1, 1);
  CaseResult toggled = noisy(3, 1, 2);
  for (Replicate& each : toggled.replicates)
    for (std::size_t i = 0; i < 6; ++i)
      each.samples.t_s[i] *= 1.1;
  EXPECT_NEAR(drift(base, toggled), 0, 0.004) << "and not a tenth";
}

TEST(PlaceEffects, AChangeOfWhatPlacesAreWorthIsSaid) {
  // The mean over places stays, the places no longer differ: more than half of them drifted.
  double mean = 0;
  for (const double us : kUsual)
    mean += std::log(us) / 8;
  const CaseResult base = noisy(6, 1, 1),
                   flat = noisy(3, 1, 2, std::vector<double>(8, std::exp(mean)));
  const double seen = drift(base, flat);
  EXPECT_GT(std::abs(seen), 0.002) << "the median over places is elsewhere";
  EXPECT_NEAR(PlaceEffects(base, flat).change(), std::abs(seen), 0.002);
  EXPECT_EQ(PlaceEffects(base, noisy(3, 1, 3)).change(), 0);
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
  for (const double t_s : times)
    EXPECT_NEAR(t_s, 2e-6, 1e-18);
}

} // namespace
} // namespace bench::compare
