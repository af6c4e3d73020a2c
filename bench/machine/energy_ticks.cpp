#include <bench/machine/energy_ticks.h>

namespace bench::machine {
namespace {

using namespace std::chrono_literals;

constexpr auto kPeriod = 100ms; // of H100s and H200s; a faster one is found once in this time
constexpr auto kEarly = 15ms;   // before it should move: an answer takes 3 ms, what else is read 10
constexpr auto kPause = 2ms;    // between an answer and the next question
constexpr auto kSharp = 12ms;   // two answers that are further apart do not say when it moved
constexpr auto kStopped = 500ms;

} // namespace

void EnergyTicks::add(Time when, double energy_j) {
  const bool moved = asked_ && energy_j != asked_->energy_j;
  if (moved && when - asked_->when <= kSharp) {
    last_ = Reading{asked_->when + (when - asked_->when) / 2, energy_j};
    if (!first_)
      first_ = last_;
    searching_since_.reset();
    next_ = last_->when + kPeriod - kEarly;
  } else {
    if (moved || !searching_since_)
      searching_since_ = when;
    next_ = when + kPause;
    if (when - *searching_since_ > kStopped)
      stop();
  }
  asked_ = Reading{when, energy_j};
}

void EnergyTicks::stop() {
  searching_since_.reset();
  next_ = Time::max();
}

std::optional<double> EnergyTicks::mean_power_w() const {
  if (!first_ || first_->when == last_->when)
    return std::nullopt;
  return (last_->energy_j - first_->energy_j) /
         std::chrono::duration<double>(last_->when - first_->when).count();
}

} // namespace bench::machine
