#include <bench/profile/chrome_trace.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace bench::profile {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kOperations = 0; ///< number of their lane; a stream's is its number + 1

Json metadata(const char* what, int process, int lane, Json arguments) {
  return {{"ph", "M"}, {"name", what}, {"pid", process}, {"tid", lane}, {"args", arguments}};
}

/// The format counts in microseconds.
Json span(const std::string& name, int process, int lane, std::uint64_t from_ns,
          std::uint64_t to_ns) {
  return {{"ph", "X"},
          {"name", name},
          {"pid", process},
          {"tid", lane},
          {"ts", static_cast<double>(from_ns) / 1000},
          {"dur", static_cast<double>(to_ns - from_ns) / 1000}};
}

} // namespace

void ChromeTrace::add(const std::string& name, const Records& records) {
  if (records.empty())
    return;
  const int process = ++processes_;
  const std::uint64_t origin = records.front().start_ns;
  const auto add = [&](const Json& event) {
    if (!events_.empty())
      events_ += ",\n";
    events_ += event.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  add(metadata("process_name", process, 0, {{"name", name}}));
  add(metadata("thread_name", process, kOperations, {{"name", "operation"}}));
  std::set<std::uint32_t> streams;
  for (const Record& r : records)
    if (streams.insert(r.stream).second)
      add(metadata("thread_name", process, static_cast<int>(r.stream) + 1,
                   {{"name", "stream " + std::to_string(r.stream)}}));
  for (auto first = records.begin(); first != records.end();) { // neighbours of one operation
    auto last = first;
    std::uint64_t end = first->end_ns;
    for (; last != records.end() && last->operation == first->operation; ++last)
      end = std::max(end, last->end_ns);
    // The next one may begin before this one's end; lanes must not overlap.
    if (last != records.end())
      end = std::min(end, last->start_ns);
    add(span(first->operation.empty() ? "other" : first->operation, process, kOperations,
             first->start_ns - origin, std::max(end, first->start_ns) - origin));
    first = last;
  }
  for (const Record& r : records) {
    Json event = span(r.name, process, static_cast<int>(r.stream) + 1, r.start_ns - origin,
                      r.end_ns - origin);
    event["args"] = {{"operation", r.operation.empty() ? "other" : r.operation},
                     {"grid", r.grid},
                     {"block", r.block},
                     {"registers", r.registers},
                     {"shared memory", r.shared_memory_bytes}};
    add(event);
  }
}

std::string ChromeTrace::text() const {
  return "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n" + events_ + "\n]}\n";
}

} // namespace bench::profile
