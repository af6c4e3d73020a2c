#include <bench/machine/energy_ticks.h>

#include <gtest/gtest.h>

#include <cmath>

namespace bench::machine {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

/// A counter that moves every `period` and was zero at the epoch, at a power that may change.
struct Counter {
  Seconds period = 100ms;
  double watts = 700;

  double energy_j(EnergyTicks::Time now) const {
    return watts * std::floor(Seconds(now.time_since_epoch()) / period) * period.count();
  }
};

/// Asks whenever it is time, with an answer 3 ms later, for `length`. How often it asked.
int ask(EnergyTicks& ticks, const Counter& counter, Seconds length,
        std::chrono::nanoseconds answer = 3ms) {
  EnergyTicks::Time now{1h};
  const EnergyTicks::Time end = now + std::chrono::duration_cast<std::chrono::nanoseconds>(length);
  int asked = 0;
  for (; now < end && ticks.next() < end; ++asked) {
    now = std::max(now, ticks.next()) + answer;
    ticks.add(now, counter.energy_j(now));
  }
  return asked;
}

TEST(EnergyTicks, KnowThePowerToTheTimeBetweenTwoAnswers) {
  for (const Seconds length : {Seconds(1), Seconds(4.53), Seconds(9.97)}) {
    EnergyTicks ticks;
    ask(ticks, {}, length);
    ASSERT_TRUE(ticks.mean_power_w());
    EXPECT_NEAR(*ticks.mean_power_w(), 700, 700 * 0.005 / (length.count() - 0.2));
  }
}

TEST(EnergyTicks, AskOnlyWhenTheCounterIsAboutToMove) {
  EnergyTicks ticks;
  EXPECT_LE(ask(ticks, {}, 10s), 100 * 5 + 20);
}

TEST(EnergyTicks, FollowCountersThatMoveMoreOftenOrMoreSeldom) {
  for (const Seconds period : {Seconds(0.02), Seconds(0.037), Seconds(0.1003), Seconds(0.25)}) {
    EnergyTicks ticks;
    ask(ticks, {.period = period}, 4s);
    ASSERT_TRUE(ticks.mean_power_w()) << period.count();
    EXPECT_NEAR(*ticks.mean_power_w(), 700, 2) << period.count();
  }
}

TEST(EnergyTicks, OfAnswersTooFarApartKnowNothing) {
  EnergyTicks ticks;
  ask(ticks, {}, 4s, 15ms);
  EXPECT_FALSE(ticks.mean_power_w());
}

TEST(EnergyTicks, AMomentThatWasMissedIsLeftOut) {
  EnergyTicks ticks;
  const EnergyTicks::Time begin{1h};
  const auto at = [&](std::chrono::milliseconds since, double energy_j) {
    ticks.add(begin + since, energy_j);
  };
  at(0ms, 10);
  at(4ms, 20); // moved at 2 ms
  EXPECT_FALSE(ticks.searching());
  EXPECT_EQ(ticks.next(), begin + 87ms);
  EXPECT_FALSE(ticks.mean_power_w()) << "one moment is no length";
  at(140ms, 90); // somewhere in 136 ms
  EXPECT_TRUE(ticks.searching());
  EXPECT_EQ(ticks.next(), begin + 142ms);
  EXPECT_FALSE(ticks.mean_power_w());
  at(198ms, 90);
  at(206ms, 160);
  EXPECT_DOUBLE_EQ(ticks.mean_power_w().value(), 140 / 0.2);
}

TEST(EnergyTicks, OfACounterThatStandsStillGiveUp) {
  EnergyTicks ticks;
  EXPECT_LE(ask(ticks, {.watts = 0}, 1h), 150);
  EXPECT_EQ(ticks.next(), EnergyTicks::Time::max());
  EXPECT_FALSE(ticks.searching());
  EXPECT_FALSE(ticks.mean_power_w());
}

} // namespace
} // namespace bench::machine
