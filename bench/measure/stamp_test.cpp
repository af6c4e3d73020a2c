#include <bench/measure/stamp.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::measure {
namespace {

constexpr std::size_t kSms = 4;

/// Stamps of kSms SMs at `ns`, their counters at `cycles`, in an order other than by SM.
std::vector<SmStamp> stamps(std::uint64_t ns, std::int64_t cycles) {
  return {
      {2, cycles + 70, ns + 3}, {0, cycles, ns}, {3, cycles - 9, ns + 5}, {1, cycles + 4, ns + 1}};
}

TEST(StampSpan, GivesTimeAndFrequency) {
  const auto a = stamps(1'000'000, 500);
  const auto b = stamps(1'000'000 + 90'000'000, 500 + 135'000'000);
  const Span span = between(a.data(), b.data(), kSms, 400'000);
  EXPECT_TRUE(span.valid);
  EXPECT_DOUBLE_EQ(span.t_s, 0.09);
  EXPECT_DOUBLE_EQ(span.f_hz, 1.5e9);
  EXPECT_DOUBLE_EQ(span.slowest_f_hz, 1.5e9);
  EXPECT_NEAR(span.start_s, 600e-6, 1e-12);
}

TEST(StampSpan, OneOddSmDoesNotCount) {
  const auto a = stamps(0, 0);
  auto b = stamps(90'000'000, 135'000'000);
  b[0].time_ns += 15'000; // late by 15 us, as after a long last block
  const Span span = between(a.data(), b.data(), kSms, 0);
  EXPECT_TRUE(span.valid);
  EXPECT_DOUBLE_EQ(span.t_s, 0.09);
}

TEST(StampSpan, TheSlowestSmIsKept) {
  const auto a = stamps(0, 0);
  auto b = stamps(90'000'000, 135'000'000);
  b[2].cycles -= 200'000; // a GPC that runs 0.15 % slower
  const Span span = between(a.data(), b.data(), kSms, 0);
  EXPECT_TRUE(span.valid);
  EXPECT_DOUBLE_EQ(span.f_hz, 1.5e9);
  EXPECT_NEAR(span.slowest_f_hz, 1.5e9 - 200'000 / 0.09, 1);
}

TEST(StampSpan, ContradictionsAreInvalid) {
  const auto a = stamps(1000, 1000);
  const auto good = stamps(2'000'000, 3'000'000);
  ASSERT_TRUE(between(a.data(), good.data(), kSms, 0).valid);

  auto twice = good;
  twice[1].sm = 3;
  EXPECT_FALSE(between(a.data(), twice.data(), kSms, 0).valid);
  auto foreign = good;
  foreign[1].sm = 77;
  EXPECT_FALSE(between(a.data(), foreign.data(), kSms, 0).valid);
  auto backwards = good;
  backwards[2].cycles = 1;
  EXPECT_FALSE(between(a.data(), backwards.data(), kSms, 0).valid);
  auto apart = good;
  apart[3].time_ns += 30'000; // 30 us of 2 ms
  const Span span = between(a.data(), apart.data(), kSms, 0);
  EXPECT_FALSE(span.valid);
  EXPECT_FALSE(between(a.data(), good.data(), 0, 0).valid);
}

TEST(SteadyClockMarker, SpansLieBetweenMarks) {
  const auto marker = make_steady_clock_marker();
  EXPECT_TRUE(marker->take().empty());
  for (int i = 0; i < 3; ++i)
    marker->mark();
  const auto spans = marker->take();
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].start_s, 0);
  EXPECT_GE(spans[0].t_s, 0);
  EXPECT_NEAR(spans[1].start_s, spans[0].t_s, 1e-12);
  EXPECT_TRUE(std::isnan(spans[0].f_hz));
  marker->mark();
  EXPECT_TRUE(marker->take().empty()) << "marks of an earlier take() do not pair with later ones";
}

} // namespace
} // namespace bench::measure
