#include <bench/text/progress.h>
#include <bench/text/terminal.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace bench::text {
namespace {

constexpr double kLeastSecondsBetweenDrawings = 0.1;
constexpr std::string_view kClearLine = "\r\x1b[K";

/// Which part of a case a phase is. Rough, but the error of one case hardly matters among many, and
/// the bar never runs backwards.
struct PhaseSpan {
  std::string_view name;
  double begin;
  double end;
};
constexpr PhaseSpan kPhaseSpans[] = {
    {"capture", 0, 0.1},
    {"warm-up", 0.1, 0.4},
    {"samples", 0.4, 0.95},
    {"check", 0.95, 1},
};

/// "4:10", "1:02:05"
std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(std::ceil(seconds));
  return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                      : fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string bar_text(double fraction) {
  constexpr int kCells = 20;
  const int full = std::min(kCells, static_cast<int>(fraction * kCells));
  std::string cells(static_cast<std::size_t>(full), '=');
  if (full < kCells)
    cells += '>';
  return fmt::format("[{:<{}}]", cells, kCells);
}

} // namespace

std::unique_ptr<ProgressDisplay> make_progress(std::FILE* stream, bool quiet) {
  if (quiet)
    return std::make_unique<NoProgress>();
  if (inspect_terminal(stream).interactive)
    return std::make_unique<ProgressBar>(stream_console(stream));
  return std::make_unique<ProgressLines>(stream_console(stream));
}

Console stream_console(std::FILE* stream) {
  return {
      .write =
          [stream](std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stream);
            std::fflush(stream);
          },
      .seconds =
          [] {
            const auto now = std::chrono::steady_clock::now().time_since_epoch();
            return std::chrono::duration<double>(now).count();
          },
      .width = [stream] { return inspect_terminal(stream).width; },
  };
}

void CaseCounter::start(int cases) {
  total_ = cases;
  finished_ = 0;
  running_ = false;
  case_id_.clear();
  start_ = seconds_();
}

void CaseCounter::begin(std::string_view case_id) {
  running_ = true;
  case_id_ = case_id;
  case_start_ = seconds_();
}

std::string CaseCounter::end(std::string_view outcome) {
  running_ = false;
  ++finished_;
  return fmt::format("[{}/{}] {}: {} ({:.1f} s)", finished_, total_, std::exchange(case_id_, ""),
                     outcome, seconds_() - case_start_);
}

ProgressBar::ProgressBar(Console console)
    : console_(std::move(console)), counter_(console_.seconds),
      drawn_at_(-std::numeric_limits<double>::infinity()) {}

ProgressBar::~ProgressBar() {
  ProgressBar::clear();
}

void ProgressBar::start(int cases) {
  counter_.start(cases);
  phase_.clear();
  case_fraction_ = 0;
  redraw_if_due();
}

void ProgressBar::begin(std::string_view case_id) {
  counter_.begin(case_id);
  phase_.clear();
  case_fraction_ = 0;
  redraw_if_due();
}

void ProgressBar::phase(std::string_view name, double fraction) {
  phase_ = name;
  const auto span = std::ranges::find(kPhaseSpans, name, &PhaseSpan::name);
  if (span != std::end(kPhaseSpans)) {
    const double now = std::lerp(span->begin, span->end, std::clamp(fraction, 0.0, 1.0));
    case_fraction_ = std::max(case_fraction_, now);
  }
  redraw_if_due();
}

void ProgressBar::end(std::string_view line) {
  const std::string text = counter_.end(line);
  phase_.clear();
  case_fraction_ = 0;
  print(text);
}

void ProgressBar::add(int cases) {
  counter_.add(cases);
  redraw_if_due();
}

void ProgressBar::print(std::string_view line) {
  std::string text = erase();
  text += line;
  text += '\n';
  if (counter_.finished() < counter_.total())
    text += draw();
  console_.write(text);
}

void ProgressBar::clear() {
  if (shown_)
    console_.write(erase());
}

double ProgressBar::fraction() const {
  const int total = std::max(counter_.total(), 1);
  return std::min(1.0, (counter_.finished() + case_fraction_) / total);
}

std::string ProgressBar::eta() const {
  const double done = fraction();
  return done > 0 ? "ETA " + clock_text(counter_.elapsed() * (1 - done) / done) : "ETA -:--";
}

std::string ProgressBar::text(std::size_t width) const {
  const std::string& id = counter_.case_id();
  const std::string bar = bar_text(fraction());
  const std::string core = fmt::format("{}/{} {}", counter_.current(), counter_.total(), eta());
  for (std::string line : {
           fmt::format("{} {} {} {}", bar, core, id, phase_),
           fmt::format("{} {} {}", bar, core, id),
           fmt::format("{} {}", core, id),
       }) {
    line.erase(line.find_last_not_of(' ') + 1);
    if (line.size() <= width)
      return line;
  }
  // The end of an id tells more than its beginning, which every case of the scenario shares.
  constexpr std::size_t kLeastOfId = 8;
  const std::size_t used = core.size() + std::string_view(" ...").size();
  if (width >= used + kLeastOfId)
    return fmt::format("{} ...{}", core, id.substr(id.size() - (width - used)));
  return core.substr(0, width);
}

std::string ProgressBar::erase() {
  return std::exchange(shown_, false) ? std::string(kClearLine) : "";
}

std::string ProgressBar::draw() {
  drawn_at_ = console_.seconds();
  std::string result = erase();
  // The last column stays free: some terminals begin a new line as soon as it is written to.
  result += text(static_cast<std::size_t>(std::max(console_.width() - 1, 0)));
  shown_ = true;
  return result;
}

void ProgressBar::redraw_if_due() {
  if (console_.seconds() - drawn_at_ >= kLeastSecondsBetweenDrawings)
    console_.write(draw());
}

ProgressLines::ProgressLines(Console console)
    : console_(std::move(console)), counter_(console_.seconds) {}

void ProgressLines::start(int cases) {
  counter_.start(cases);
}

void ProgressLines::begin(std::string_view case_id) {
  counter_.begin(case_id);
}

void ProgressLines::end(std::string_view line) {
  print(counter_.end(line));
}

void ProgressLines::print(std::string_view line) {
  console_.write(fmt::format("{}\n", line));
}

} // namespace bench::text
