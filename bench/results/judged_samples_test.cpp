#include <bench/results/judged_samples.h>

#include <gtest/gtest.h>

#include <map>

namespace bench::results {
namespace {

/// Two regions at each place, of so many microseconds; a clock of as many MHz as the place's
/// number.
CaseResult kernel(const std::map<int, double>& places) {
  CaseResult c;
  c.kind = "kernel";
  Samples& samples = c.replicates.emplace_back().samples;
  for (const auto& [place, us] : places) {
    for (int region = 0; region < 2; ++region) {
      samples.start_s.push_back(static_cast<double>(samples.start_s.size()));
      samples.t_s.push_back(us * 1e-6);
      samples.f_hz.push_back(1e6 * place);
      samples.loop.push_back(place);
      samples.step.push_back(region);
    }
  }
  return c;
}

std::vector<std::int32_t> judged_of(const CaseResult& c) {
  return judged_samples(c, c.replicates.at(0)).loop;
}

TEST(JudgedSamples, OfAKernelAreTheFasterHalfOfItsPlaces) {
  const CaseResult four = kernel({{0, 1.7}, {1, 1.5}, {2, 1.6}, {3, 1.51}});
  const Samples judged = judged_samples(four, four.replicates[0]);
  EXPECT_EQ(judged.start_s, (std::vector<double>{2, 3, 6, 7}));
  EXPECT_EQ(judged.t_s, (std::vector<double>{1.5e-6, 1.5e-6, 1.51e-6, 1.51e-6}));
  EXPECT_EQ(judged.f_hz, (std::vector<double>{1e6, 1e6, 3e6, 3e6}));
  EXPECT_EQ(judged.loop, (std::vector<std::int32_t>{1, 1, 3, 3}));
  EXPECT_EQ(judged.step, (std::vector<std::int32_t>{0, 1, 0, 1}));
  EXPECT_EQ(judged_of(kernel({{0, 1.7}, {1, 1.5}, {2, 1.6}})),
            (std::vector<std::int32_t>{1, 1, 2, 2}));
  EXPECT_EQ(judged_of(kernel({{0, 1.7}})), (std::vector<std::int32_t>{0, 0}));
  EXPECT_EQ(judged_of(kernel({})), (std::vector<std::int32_t>{}));
}

TEST(JudgedSamples, OfAKernelLackTheFastestEighthOfItsPlaces) {
  std::map<int, double> places;
  for (int place = 0; place < 8; ++place) {
    places[place] = 8 - place;
  }
  EXPECT_EQ(judged_of(kernel(places)), (std::vector<std::int32_t>{4, 4, 5, 5, 6, 6}));
}

TEST(JudgedSamples, AreWhatTablesShow) {
  EXPECT_EQ(pooled(kernel({{0, 1.7}, {1, 1.5}}), &Samples::t_s),
            (std::vector<double>{1.5e-6, 1.5e-6}));
}

TEST(JudgedSamples, OfALoopAreAll) {
  CaseResult loop = kernel({{0, 2}, {1, 1}});
  loop.kind = "loop";
  EXPECT_EQ(judged_of(loop), (std::vector<std::int32_t>{0, 0, 1, 1}));
}

} // namespace
} // namespace bench::results
