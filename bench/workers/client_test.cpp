#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/stopwatch.h>
#include <bench/base/temporary_folder.h>
#include <bench/measure/sampler.h>
#include <bench/workers/client.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstring>

namespace bench::workers {
namespace {

using testing::HasSubstr;

class Phases final : public measure::Progress {
 public:
  void start(int) override {}
  void begin(std::string_view) override {}
  void phase(std::string_view name, double) override { last = name; }
  void end(std::string_view) override {}
  std::string last;
};

constexpr const char* kHello =
    R"(echo '{"hello": {"protocol": 1, "agrees": true, "versions": {"torch": "2.11"}}}';)";

/// A worker of two steps in a shell. `orders` come before what it does by default.
std::string script(const std::string& orders = "", const std::string& before = kHello) {
  return before + R"(
while read -r order argument; do case $order in
)" + orders +
         R"(
job) echo '{"phase": "worker compiles"}'; echo '{"ready": {"steps": 2, "device_uuid": "GPU-1", "flop_per_step": 5e9}}';;
take) echo '{"spans": [[0, 0.5, 1e9, 9e8, 1], [0.5, 0.25, null, null, 0]]}';;
latents) printf '\0\0\200\077\0\0\0\100' > $argument; echo '{"latents": {"shape": [1, 2], "peak_memory_bytes": 7}}';;
esac; done)";
}

struct Worker {
  explicit Worker(const std::string& text, double patience_s = 20)
      : client({.name = "mine",
                .argv = {"/bin/sh", "-c", text},
                .environment = {{"MINE", "a b"}},
                .patience_s = patience_s},
               progress) {}
  Phases progress;
  Client client;
};

/// The code and message of what `call` throws.
template <typename Call>
std::pair<ExitCode, std::string> fault(const Call& call) {
  try {
    call();
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {ExitCode::ok, ""};
}

std::string fault_of_loop(const std::string& text, double patience_s = 20) {
  const auto [code, message] = fault([&] {
    Worker worker(text, patience_s);
    worker.client.load("{}");
    worker.client.begin();
    worker.client.mark();
    for (int i = 0; i < 2; ++i) {
      worker.client.step(i);
      worker.client.mark();
    }
    worker.client.take();
    worker.client.output();
  });
  EXPECT_EQ(code, message.empty() ? ExitCode::ok : ExitCode::invalid);
  return message;
}

TEST(Client, SaysInWhichStepsItAgrees) {
  const auto hello = [](const std::string& agrees) {
    return Worker(script("", "echo '{\"hello\": {\"protocol\": 1" + agrees + "}}';"))
        .client.hello();
  };
  EXPECT_FALSE(hello("").agrees);
  const Hello first = hello(R"(, "agrees": "first step")");
  EXPECT_TRUE(first.agrees);
  EXPECT_FALSE(first.agrees_later);
}

TEST(Client, RunsALoopAndTakesItsSpans) {
  Worker worker(script());
  EXPECT_TRUE(worker.client.hello().agrees);
  EXPECT_TRUE(worker.client.hello().agrees_later);
  EXPECT_EQ(worker.client.hello().versions.at("torch"), "2.11");
  const Ready& ready = worker.client.load("{}");
  EXPECT_EQ(ready.steps, 2);
  EXPECT_EQ(ready.device_uuid, "GPU-1");
  EXPECT_EQ(ready.flop_per_step, 5e9);
  worker.client.begin();
  worker.client.mark();
  worker.client.step(0);
  worker.client.mark();
  worker.client.step(1);
  worker.client.mark();
  const auto spans = worker.client.take();
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].t_s, 0.5);
  EXPECT_EQ(spans[0].f_hz, 1e9);
  EXPECT_EQ(spans[0].slowest_f_hz, 9e8);
  EXPECT_TRUE(spans[0].valid);
  EXPECT_EQ(spans[1].start_s, 0.5);
  EXPECT_TRUE(std::isnan(spans[1].f_hz));
  EXPECT_FALSE(spans[1].valid);
}

TEST(Client, TheSamplerTakesItForALoopLikeOurs) {
  const std::string steady =
      "take) echo '{\"spans\": [[0, 0.5, 1e9, 9e8, 1], [0.5, 0.25, 1e9, 9e8, 1]]}';;";
  Worker worker(script(steady));
  worker.client.load("{}");
  const auto sampled = measure::sample_loops(worker.client, worker.client,
                                             {.loops = 3, .on_steady = {}}, worker.progress);
  EXPECT_EQ(sampled.samples.size(), 6u);
  EXPECT_EQ(sampled.dropped, 0);
  EXPECT_EQ(sampled.samples[5].span.t_s, 0.25);
  Worker odd(script());
  odd.client.load("{}");
  const auto [code, message] = fault([&] {
    measure::sample_loops(odd.client, odd.client, {.loops = 3, .on_steady = {}}, odd.progress);
  });
  EXPECT_EQ(code, ExitCode::invalid);
  EXPECT_THAT(message, HasSubstr("3 of 6 samples"));
}

TEST(Client, KnowsHowLongTheWorkersHostTook) {
  Worker worker(script("take) echo '{\"spans\": [], \"enqueue_s\": 0.25}';;"));
  worker.client.load("{}");
  worker.client.take();
  EXPECT_EQ(worker.client.enqueue_s(), 0.25);
  for (const char* unknown : {"{\"spans\": []}", "{\"spans\": [], \"enqueue_s\": null}"}) {
    Worker other(script("take) echo '" + std::string(unknown) + "';;"));
    other.client.load("{}");
    other.client.take();
    EXPECT_FALSE(other.client.enqueue_s());
  }
}

TEST(Client, TheLatentsComeByAFile) {
  Worker worker(script());
  worker.client.load("{}");
  const Output output = worker.client.output();
  EXPECT_EQ(output.shape, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(output.peak_memory_bytes, 7);
  ASSERT_EQ(output.bytes.size(), 8u);
  float values[2];
  std::memcpy(values, output.bytes.data(), sizeof values);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], 2);
  Worker without(script("latents) echo '{\"latents\": {}}';;"));
  without.client.load("{}");
  EXPECT_TRUE(without.client.output().shape.empty());
}

TEST(Client, ReadsAProfile) {
  Worker worker(script(R"(profile) echo '{"profile": {"source": "p", "spans": [[0, 1, 1e9, 1e9, 1]],
 "names": ["k", "[memcpy]"], "operators": ["", "linear"], "rows": [
 [1, 0, [0,0,0], [0,0,0], 0, 0, 20, 30, 7, false], [0, 1, [4,1,1], [128,1,1], 32, 1024, 10, 15, 7, true]]}}' | tr -d '\n'; echo;;)"));
  worker.client.load("{}");
  const ProfiledSteps steps = worker.client.profile(1);
  EXPECT_EQ(steps.source, "p");
  ASSERT_EQ(steps.spans.size(), 1u);
  ASSERT_EQ(steps.records.size(), 2u);
  EXPECT_EQ(steps.records[0].name, "k"); // in the order in which they began
  EXPECT_EQ(steps.records[0].operation, "linear");
  EXPECT_EQ(steps.records[0].grid[0], 4);
  EXPECT_EQ(steps.records[0].registers, 32);
  EXPECT_TRUE(steps.records[0].in_graph);
  EXPECT_EQ(steps.records[1].operation, "");
}

TEST(Client, ShowsWhatTheWorkerDoes) {
  Worker worker(script("job) echo '{\"phase\": \"worker compiles\"}'; sleep 0.6; "
                       "echo '{\"ready\": {\"steps\": 2}}';;"));
  worker.client.load("{}");
  EXPECT_THAT(worker.progress.last, testing::StartsWith("worker compiles "));
}

TEST(Client, TheEnvironmentAndTheScriptsOrdersReachIt) {
  Worker worker(script("job) echo \"{\\\"ready\\\": {\\\"steps\\\": 2, \\\"device_uuid\\\": "
                       "\\\"$MINE $argument\\\"}}\";;"));
  EXPECT_EQ(worker.client.load("1 2").device_uuid, "a b 1 2");
}

TEST(Client, NamesHowAWorkerFails) {
  EXPECT_EQ(fault_of_loop(script()), "");
  EXPECT_EQ(fault_of_loop("exit 3"), "worker mine: ended with exit code 3");
  EXPECT_EQ(fault_of_loop("echo some text >&2; echo the last words >&2; echo >&2; exit 3"),
            "worker mine: ended with exit code 3: the last words");
  EXPECT_EQ(fault_of_loop("exit 0"), "worker mine: ended by itself");
  EXPECT_EQ(fault_of_loop(script("step) kill -SEGV $$;;")),
            "worker mine: died of signal 11 (Segmentation fault)");
  EXPECT_EQ(
      fault_of_loop(script("take) echo '{\"error\": \"ValueError: no (m.py:3)\"}'; exit 1;;")),
      "worker mine: ValueError: no (m.py:3)");
  // What it says while nobody waits for an answer is not lost.
  EXPECT_EQ(fault_of_loop(script("begin) echo '{\"error\": \"ValueError: early\"}'; exit 1;;")),
            "worker mine: ValueError: early");
}

TEST(Client, KeepsWhatWorkersSayInALogForPeople) {
  const TemporaryFolder folder;
  const auto log = folder / "log";
  setenv("BENCH_WORKER_LOG", log.c_str(), 1);
  EXPECT_EQ(fault_of_loop("echo one >&2; exit 3"), "worker mine: ended with exit code 3: one");
  EXPECT_EQ(fault_of_loop("exit 3"),
            "worker mine: ended with exit code 3"); // not the first's words
  EXPECT_EQ(read_file(log), "one\n");
  setenv("BENCH_WORKER_LOG", "/nowhere/log", 1);
  EXPECT_EQ(fault([] { Worker worker("exit 3"); }).first, ExitCode::usage);
  unsetenv("BENCH_WORKER_LOG");
}

TEST(Client, RefusesWhatTheProtocolDoesNotKnow) {
  const std::string rubbish = "worker mine: writes what no worker writes where ";
  EXPECT_EQ(fault_of_loop("echo hello"), rubbish + "'hello' was due: 'hello'");
  EXPECT_EQ(fault_of_loop("echo '[1]'"), rubbish + "'hello' was due: '[1]'");
  EXPECT_EQ(fault_of_loop(script("take) echo '{\"spans\": 3}';;")),
            rubbish + "'spans' was due: '{\"spans\": 3}'");
  EXPECT_EQ(fault_of_loop(script("take) echo '{\"ready\": {\"steps\": 2}}';;")),
            rubbish + "'spans' was due: '{\"ready\": {\"steps\": 2}}'");
  EXPECT_EQ(fault_of_loop(script("take) echo '{\"spans\": [[0, 0.5, 1e9, 9e8, 1]]}';;")),
            "worker mine: gives 1 spans between the marks of 2 steps");
  EXPECT_EQ(fault_of_loop(script("job) echo '{\"ready\": {\"steps\": 0}}';;")),
            "worker mine: says that its loop has 0 steps");
  EXPECT_EQ(fault_of_loop(script("latents) echo '{\"latents\": {\"shape\": [2]}}';;")),
            "worker mine: its latents are 0 bytes, their shape says 8");
}

TEST(Client, WhatCannotRunHereIsUnavailable) {
  const auto unavailable = [](const std::string& text) {
    const auto [code, message] = fault([&] { Worker(text).client.load("{}"); });
    EXPECT_EQ(code, ExitCode::unavailable) << message;
    return message;
  };
  EXPECT_EQ(unavailable("echo \"ModuleNotFoundError: No module named 'x'\" >&2; exit 1"),
            "worker mine: ended with exit code 1: ModuleNotFoundError: No module named 'x'");
  EXPECT_EQ(unavailable(script("job) echo '{\"error\": \"no GPU\", \"unavailable\": true}';;")),
            "worker mine: no GPU");
  EXPECT_THAT(unavailable(script("", "echo '{\"hello\": {\"protocol\": 2}}';")),
              HasSubstr("worker mine: it speaks protocol 2, this bench 1"));
  Phases progress;
  const auto [code, message] = fault([&] {
    Client({.name = "mine", .argv = {"no-such-program"}, .environment = {}, .patience_s = 1},
           progress);
  });
  EXPECT_EQ(code, ExitCode::unavailable);
  EXPECT_EQ(message, "worker mine: cannot start 'no-such-program': No such file or directory");
}

TEST(Client, AHungWorkerIsGivenUpAndLeavesNothingBehind) {
  const Stopwatch watch;
  EXPECT_EQ(fault_of_loop("echo one >&2; sleep 60", 0.3),
            "worker mine: hung: no word from it for 0 s, its last: one");
  EXPECT_EQ(fault_of_loop(script("take) sleep 60;;"), 0.3),
            "worker mine: hung: no word from it for 0 s");
  EXPECT_LT(watch.seconds(), 20);
}

TEST(Client, WhatAWorkerStartedDiesWithIt) {
  int grandchild = 0;
  {
    Worker worker("sleep 600 & " + script("job) echo \"{\\\"ready\\\": {\\\"steps\\\": 2, "
                                          "\\\"device_uuid\\\": \\\"$!\\\"}}\";;"));
    grandchild = std::stoi(worker.client.load("{}").device_uuid);
    EXPECT_EQ(kill(grandchild, 0), 0);
  }
  for (int i = 0; i < 200 && kill(grandchild, 0) == 0; ++i)
    usleep(10'000); // until init has reaped it
  EXPECT_NE(kill(grandchild, 0), 0);
}

TEST(Client, AWorkerThatReadsNoOrdersIsGivenUp) {
  Worker worker(script("begin) sleep 60;;"), 0.5);
  worker.client.load("{}");
  worker.client.begin();
  const auto [code, message] = fault([&] {
    for (int i = 0; i < 1'000'000; ++i)
      worker.client.step(i);
  });
  EXPECT_EQ(code, ExitCode::invalid);
  EXPECT_THAT(message, HasSubstr("it takes no orders"));
}

} // namespace
} // namespace bench::workers
