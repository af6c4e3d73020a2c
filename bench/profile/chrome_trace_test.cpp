#include <bench/profile/chrome_trace.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

namespace bench::profile {
namespace {

Record record(std::string name, std::string operation, std::uint64_t start, std::uint64_t end,
              std::uint32_t stream) {
  Record r;
  r.name = std::move(name);
  r.operation = std::move(operation);
  r.start_ns = start;
  r.end_ns = end;
  r.stream = stream;
  return r;
}

TEST(ChromeTrace, LanesOfOperationsAndStreams) {
  ChromeTrace trace;
  EXPECT_TRUE(trace.empty());
  trace.add("nothing", {});
  EXPECT_TRUE(trace.empty());
  trace.add("a/loop", {record("norm \"x\"", "rms_norm", 5000, 6000, 7),
                       record("mul", "rms_norm", 6100, 6600, 7),
                       record("gemm", "linear", 6500, 9000, 8), record("odd", "", 9000, 9100, 7)});
  trace.add("b/loop", {record("norm", "rms_norm", 50, 60, 7)});
  const nlohmann::json json = nlohmann::json::parse(trace.text());
  std::map<std::string, nlohmann::json> by_name; // of the first process
  std::map<int, double> end_of_lane;
  std::map<std::string, int> processes;
  for (const auto& event : json.at("traceEvents")) {
    if (event.at("name") == "process_name")
      processes[event.at("args").at("name")] = event.at("pid");
    if (event.at("ph") != "X" || event.at("pid") != 1)
      continue;
    by_name[event.at("name")] = event;
    const int lane = event.at("tid");
    EXPECT_GE(event.at("ts").get<double>(), end_of_lane[lane]) << "they must not overlap";
    end_of_lane[lane] = event.at("ts").get<double>() + event.at("dur").get<double>();
  }
  EXPECT_EQ(processes, (std::map<std::string, int>{{"a/loop", 1}, {"b/loop", 2}}));
  EXPECT_EQ(end_of_lane.size(), 3u); // operations and two streams
  EXPECT_DOUBLE_EQ(by_name.at("norm \"x\"").at("ts"), 0);
  EXPECT_DOUBLE_EQ(by_name.at("norm \"x\"").at("dur"), 1);
  EXPECT_EQ(by_name.at("gemm").at("args").at("operation"), "linear");
  EXPECT_DOUBLE_EQ(by_name.at("rms_norm").at("dur"), 1.5); // both kernels, to where linear begins
  EXPECT_DOUBLE_EQ(by_name.at("linear").at("dur"), 2.5);
  EXPECT_EQ(by_name.count("other"), 1u);
}

} // namespace
} // namespace bench::profile
