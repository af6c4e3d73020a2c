#include <bench/measure/worker.h>

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace bench::measure {
namespace {

struct Lines {
  WorkerEnd end;
  std::vector<std::string> lines;
};

Lines run(const std::string& script, double patience_s = 20) {
  Lines result;
  result.end = run_worker({"/bin/sh", "-c", script}, patience_s,
                          [&](std::string_view line) { result.lines.emplace_back(line); });
  return result;
}

TEST(Worker, HandsLinesOnAndEndsWell) {
  const Lines r = run("echo one; echo; printf 'two\\nnot ended'");
  EXPECT_EQ(r.lines, (std::vector<std::string>{"one", "", "two"}));
  EXPECT_EQ(r.end.exit_code, 0);
  EXPECT_EQ(r.end.fault, "");
}

TEST(Worker, LongLinesArriveWhole) {
  const Lines r = run("head -c 300000 /dev/zero | tr '\\0' x; echo");
  ASSERT_EQ(r.lines.size(), 1u);
  EXPECT_EQ(r.lines[0], std::string(300000, 'x'));
}

TEST(Worker, NamesItsFaults) {
  EXPECT_EQ(run("exit 3").end.fault, "the worker process ended with exit code 3");
  EXPECT_EQ(run("kill -SEGV $$").end.fault,
            "the worker process died of signal 11 (Segmentation fault)");
  const WorkerEnd absent = run_worker({"/no/such/program"}, 20, [](std::string_view) {});
  EXPECT_EQ(absent.fault, "the worker process could not be started");
}

TEST(Worker, KillsASilentOne) {
  const Lines r = run("echo begun; exec sleep 100", 0.2);
  EXPECT_EQ(r.lines, std::vector<std::string>{"begun"});
  EXPECT_EQ(r.end.fault, "the worker process hung: no sign of life for 0 s");
}

TEST(Worker, KillsOneWhoseLinesAreRefused) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(run_worker({"/bin/sh", "-c", "echo rubbish; exec sleep 100"}, 20,
                          [](std::string_view) { throw std::runtime_error("rubbish"); }),
               std::runtime_error);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

} // namespace
} // namespace bench::measure
