#pragma once

#include <bench/measure/progress.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bench::text {

/// A progress that shares its stream: whatever else goes there while it lives goes through `print`.
class ProgressDisplay : public measure::Progress {
 public:
  virtual void print(std::string_view line) = 0;
  /// So many cases more than start() said: the first look decided too little.
  virtual void add(int cases) = 0;
  /// Leaves the terminal to others, until the next call brings the display back.
  virtual void clear() = 0;
};

/// A bar for a person at a terminal, plain lines for files and pipes, nothing when `quiet`.
std::unique_ptr<ProgressDisplay> make_progress(std::FILE* stream, bool quiet);

/// Where a display writes and what it asks.
struct Console {
  std::function<void(std::string_view)> write;
  std::function<double()> seconds; ///< of a clock that never goes back
  std::function<int()> width;      ///< of the terminal in columns, now
};
Console stream_console(std::FILE* stream);

/// Counts cases and times them.
class CaseCounter {
 public:
  explicit CaseCounter(std::function<double()> seconds) : seconds_(std::move(seconds)) {}

  void start(int cases);
  void add(int cases) { total_ += cases; }
  void begin(std::string_view case_id);
  /// "[3/28] zimage/loop/turbo-9/graph/aten: 93.1 ms/step (12.3 s)"
  std::string end(std::string_view outcome);

  int total() const { return total_; }
  int finished() const { return finished_; }
  int current() const { return running_ ? finished_ + 1 : finished_; }
  const std::string& case_id() const { return case_id_; } ///< "" between cases
  double elapsed() const { return seconds_() - start_; }  ///< seconds since start

 private:
  std::function<double()> seconds_;
  int total_ = 0;
  int finished_ = 0;
  bool running_ = false;
  std::string case_id_;
  double start_ = 0;
  double case_start_ = 0;
};

/// A line for each case that ended, and a last line that is rewritten at most ten times a second:
///     [=======>            ] 3/28 ETA 4:10 zimage/loop/turbo-9/graph/aten samples
/// It gives up its parts, the bar before the id, on narrow terminals, and is gone when the bar
/// dies.
class ProgressBar final : public ProgressDisplay {
 public:
  explicit ProgressBar(Console console);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() override;

  void start(int cases) override;
  void begin(std::string_view case_id) override;
  void phase(std::string_view name, double fraction) override;
  void end(std::string_view line) override;
  void print(std::string_view line) override;
  void add(int cases) override;
  void clear() override;

 private:
  double fraction() const;
  std::string eta() const;
  std::string text(std::size_t width) const;
  std::string erase();
  std::string draw();
  void redraw_if_due();

  Console console_;
  CaseCounter counter_;
  std::string phase_;
  double case_fraction_ = 0;
  bool shown_ = false;
  double drawn_at_;
};

/// A line for each case that ended.
class ProgressLines final : public ProgressDisplay {
 public:
  explicit ProgressLines(Console console);

  void start(int cases) override;
  void begin(std::string_view case_id) override;
  void phase(std::string_view, double) override {}
  void end(std::string_view line) override;
  void print(std::string_view line) override;
  void add(int cases) override { counter_.add(cases); }
  void clear() override {}

 private:
  Console console_;
  CaseCounter counter_;
};

/// Nothing, warnings included: exit code and result file say it all.
class NoProgress final : public ProgressDisplay {
 public:
  void start(int) override {}
  void begin(std::string_view) override {}
  void phase(std::string_view, double) override {}
  void end(std::string_view) override {}
  void print(std::string_view) override {}
  void add(int) override {}
  void clear() override {}
};

} // namespace bench::text
