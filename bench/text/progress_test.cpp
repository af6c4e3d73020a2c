#include <bench/text/progress.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace bench::text {
namespace {

/// What a terminal shows after it was sent `bytes`: its lines, the last one as it stands. Fails on
/// control sequences other than the one that the bar may use.
std::string screen(std::string_view bytes) {
  std::string done;
  std::string line;
  std::size_t column = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n') {
      done += line + "\n";
      line.clear();
      column = 0;
    } else if (bytes[i] == '\r') {
      column = 0;
    } else if (bytes.substr(i).starts_with("\x1b[K")) {
      line.resize(column);
      i += 2;
    } else if (bytes[i] == '\x1b') {
      ADD_FAILURE() << "unknown control sequence";
    } else {
      line.resize(std::max(line.size(), column + 1), ' ');
      line[column++] = bytes[i];
    }
  }
  return done + line;
}

class ProgressTest : public testing::Test {
 protected:
  Console console() {
    return {.write =
                [this](std::string_view text) {
                  output_ += text;
                  ++writes_;
                },
            .seconds = [this] { return now_; },
            .width = [this] { return width_; }};
  }

  void run_a_case(ProgressDisplay& display, std::string_view id, std::string_view outcome) {
    display.begin(id);
    for (const std::string_view phase : {"capture", "warm-up", "samples", "check"}) {
      now_ += 1;
      display.phase(phase, 0.5);
    }
    now_ += 0.25;
    display.end(outcome);
  }

  std::string output_;
  int writes_ = 0;
  double now_ = 1000;
  int width_ = 100;
};

TEST_F(ProgressTest, WhatIsMeasuredOnCountsToo) {
  ProgressLines lines(console());
  ProgressBar bar(console());
  for (ProgressDisplay* display :
       {static_cast<ProgressDisplay*>(&lines), static_cast<ProgressDisplay*>(&bar)}) {
    output_.clear();
    display->start(1);
    run_a_case(*display, "a", "1 ms");
    display->add(2);
    run_a_case(*display, "a", "2 ms");
    EXPECT_NE(output_.find("[1/1] a: 1 ms"), std::string::npos);
    EXPECT_NE(output_.find("[2/3] a: 2 ms"), std::string::npos) << output_;
  }
}

TEST_F(ProgressTest, LinesForFilesAndPipes) {
  ProgressLines lines(console());
  lines.start(28);
  run_a_case(lines, "zimage/loop/turbo-9/graph/aten", "93.1 ms/step");
  lines.print("the clock is not steady");
  run_a_case(lines, "zimage/rms_norm/4128x3840.bf16/aten", "failed: out of memory");
  EXPECT_EQ(output_, "[1/28] zimage/loop/turbo-9/graph/aten: 93.1 ms/step (4.2 s)\n"
                     "the clock is not steady\n"
                     "[2/28] zimage/rms_norm/4128x3840.bf16/aten: failed: out of memory (4.2 s)\n");
}

TEST_F(ProgressTest, BarByteForByte) {
  {
    ProgressBar bar(console());
    bar.start(2);
    now_ += 1;
    bar.begin("a/loop");
    now_ += 1;
    bar.phase("samples", 0.5);
    now_ += 1;
    bar.end("1 ms/step");
    now_ += 1;
    bar.begin("a/kernel");
    now_ += 1;
    bar.end("failed: no");
  }
  EXPECT_EQ(output_, "[>                   ] 0/2 ETA -:--"
                     "\r\x1b[K[>                   ] 1/2 ETA -:-- a/loop"
                     "\r\x1b[K[======>             ] 1/2 ETA 0:04 a/loop samples"
                     "\r\x1b[K[1/2] a/loop: 1 ms/step (2.0 s)\n"
                     "[==========>         ] 1/2 ETA 0:03"
                     "\r\x1b[K[==========>         ] 2/2 ETA 0:04 a/kernel"
                     "\r\x1b[K[2/2] a/kernel: failed: no (1.0 s)\n");
}

TEST_F(ProgressTest, BarLeavesOnlyLinesBehind) {
  auto bar = std::make_unique<ProgressBar>(console());
  bar->print("before the start");
  bar->start(3);
  run_a_case(*bar, "a/loop/with/a/rather/long/name", "1 ms/step");
  bar->begin("b");
  bar->print("short");
  bar->phase("samples", 0.5);
  EXPECT_EQ(screen(output_), "before the start\n"
                             "[1/3] a/loop/with/a/rather/long/name: 1 ms/step (4.2 s)\n"
                             "short\n"
                             "[======>             ] 2/3 ETA 0:09 b");
  bar.reset(); // as when an exception ends the run
  EXPECT_EQ(screen(output_), "before the start\n"
                             "[1/3] a/loop/with/a/rather/long/name: 1 ms/step (4.2 s)\n"
                             "short\n");
}

TEST_F(ProgressTest, BarIsGoneAfterTheLastCase) {
  ProgressBar bar(console());
  bar.start(1);
  run_a_case(bar, "a", "1 ms/step");
  EXPECT_EQ(screen(output_), "[1/1] a: 1 ms/step (4.2 s)\n");
  bar.print("and then");
  EXPECT_EQ(screen(output_), "[1/1] a: 1 ms/step (4.2 s)\nand then\n");
}

TEST_F(ProgressTest, ClearLeavesTheTerminalToOthers) {
  ProgressBar bar(console());
  bar.start(2);
  bar.begin("a");
  bar.clear();
  EXPECT_EQ(screen(output_), "");
  const std::size_t size = output_.size();
  bar.clear();
  EXPECT_EQ(output_.size(), size); // nothing left to clear
  output_ += "a table\n";
  now_ += 1;
  bar.phase("samples", 0.5);
  EXPECT_EQ(screen(output_), "a table\n[======>             ] 1/2 ETA 0:02 a samples");
}

TEST_F(ProgressTest, BarIsDrawnAtMostTenTimesASecond) {
  ProgressBar bar(console());
  bar.start(1);
  bar.begin("a");
  for (int i = 0; i < 1000; ++i) {
    now_ += 0.001;
    bar.phase("samples", i / 1000.0);
  }
  EXPECT_GE(writes_, 9);
  EXPECT_LE(writes_, 11);
}

TEST_F(ProgressTest, BarNeverRunsBackwards) {
  ProgressBar bar(console());
  bar.start(1);
  bar.begin("a");
  now_ += 10;
  bar.phase("samples", 1);
  now_ += 1;
  bar.phase("warm-up", 0); // again, because the clock had drifted
  EXPECT_EQ(screen(output_), "[===================>] 1/1 ETA 0:01 a warm-up");
  now_ += 1;
  bar.phase("a phase of a later version", 0.1);
  EXPECT_EQ(screen(output_), "[===================>] 1/1 ETA 0:01 a a phase of a later version");
}

TEST_F(ProgressTest, EtaCountsFinishedCasesAndTheFractionOfThisOne) {
  width_ = 200;
  ProgressBar bar(console());
  bar.start(4);
  bar.begin("a");
  now_ += 3600;
  bar.end("x");
  bar.begin("b");
  now_ += 3599;
  bar.phase("check", 1);
  // 2 of 4 took 7199 s
  EXPECT_TRUE(screen(output_).ends_with("2/4 ETA 1:59:59 b check")) << screen(output_);
}

TEST_F(ProgressTest, BarFitsEveryWidth) {
  const std::string id = "zimage/rms_norm/4128x3840.bf16/aten";
  const auto at_width = [&](int width) {
    output_.clear();
    width_ = width;
    ProgressBar bar(console());
    bar.start(28);
    bar.begin(id);
    now_ += 1;
    bar.phase("samples", 0.5);
    return screen(output_);
  };
  EXPECT_EQ(at_width(100), "[>                   ] 1/28 ETA 0:41 " + id + " samples");
  EXPECT_EQ(at_width(80), "[>                   ] 1/28 ETA 0:41 " + id);
  EXPECT_EQ(at_width(60), "1/28 ETA 0:41 " + id);
  EXPECT_EQ(at_width(40), "1/28 ETA 0:41 ...rm/4128x3840.bf16/aten");
  EXPECT_EQ(at_width(20), "1/28 ETA 0:41");
  EXPECT_EQ(at_width(8), "1/28 ET");
  for (int width = 0; width < 100; ++width)
    EXPECT_LT(at_width(width).size(), static_cast<std::size_t>(std::max(width, 1)));
}

TEST_F(ProgressTest, QuietWritesNothing) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  const auto quiet = make_progress(file.get(), true);
  quiet->start(1);
  run_a_case(*quiet, "a", "1 ms/step");
  quiet->print("nothing");
  quiet->clear();
  EXPECT_EQ(std::ftell(file.get()), 0);
}

TEST_F(ProgressTest, FilesGetLines) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  const auto lines = make_progress(file.get(), false);
  lines->start(1);
  lines->begin("a");
  lines->end("1 ms/step");
  std::rewind(file.get());
  char text[80] = {};
  ASSERT_NE(std::fgets(text, sizeof text, file.get()), nullptr);
  EXPECT_EQ(std::string(text), "[1/1] a: 1 ms/step (0.0 s)\n");
}

} // namespace
} // namespace bench::text
