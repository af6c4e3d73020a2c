#include <bench/measure/marker.h>

#include <chrono>
#include <limits>
#include <optional>

namespace bench::measure {
namespace {

class SteadyClockMarker final : public Marker {
 public:
  void mark() override { marks_.push_back(std::chrono::steady_clock::now()); }

  std::vector<Span> take() override {
    std::vector<Span> spans;
    if (!marks_.empty() && !first_)
      first_ = marks_.front();
    for (std::size_t i = 0; i + 1 < marks_.size(); ++i)
      spans.push_back({.start_s = seconds(marks_[i] - *first_),
                       .t_s = seconds(marks_[i + 1] - marks_[i]),
                       .f_hz = std::numeric_limits<double>::quiet_NaN(),
                       .slowest_f_hz = std::numeric_limits<double>::quiet_NaN()});
    marks_.clear();
    return spans;
  }

  int capacity() const override { return std::numeric_limits<int>::max(); }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

  std::vector<Clock::time_point> marks_;
  std::optional<Clock::time_point> first_;
};

} // namespace

std::unique_ptr<Marker> make_steady_clock_marker() {
  return std::make_unique<SteadyClockMarker>();
}

} // namespace bench::measure
