#include <bench/base/error.h>
#include <bench/base/pattern.h>
#include <bench/results/json_node.h>
#include <bench/results/result.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_set>

namespace bench::results {
namespace {

/// The schema first: of a foreign or newer document no other complaint would help.
void check_schema(const JsonNode& root, const std::string& origin) {
  if (!root.has("schema_version"))
    throw UsageError(origin + ": no result of bench: schema_version is missing");
  const JsonNode version = root.at("schema_version");
  const int number = version.count<int>();
  if (number > kSchemaVersion) {
    version.fail(fmt::format("{}: written by a newer bench; this one reads up to {}", number,
                             kSchemaVersion));
  }
  if (number < 1)
    version.fail(fmt::format("{}: there is no such schema; the first is 1", number));
}

/// Which of `candidates` has the node's text as its word.
template <typename Value, std::size_t size, typename Word>
Value one_of(const JsonNode& node, const std::array<Value, size>& candidates, Word word) {
  const std::string text = node.text();
  const auto found = std::ranges::find(candidates, text, word);
  if (found == candidates.end()) {
    std::array<std::string_view, size> words;
    std::ranges::transform(candidates, words.begin(), word);
    node.fail(fmt::format("must be one of {}, not '{}'", fmt::join(words, ", "), text));
  }
  return *found;
}

Samples read_samples(const JsonNode& node) {
  Samples samples{
      .start_s = node.at("start_s").column_of_not_negatives(),
      .t_s = node.at("t_s").column_within(kShortestSample_s, kLongestSample_s,
                                          "1e-9 (1 ns) to 86400 (1 day) seconds"),
      .f_hz = node.at("f_hz").column_of_positives_or_nulls(),
      .loop = node.at("loop").column_of_counts<std::int32_t>(),
      .step = node.at("step").column_of_counts<std::int32_t>(),
  };
  const auto check_size = [&](const char* key, std::size_t size) {
    if (size != samples.t_s.size())
      node.at(key).fail(fmt::format("has {} entries where t_s has {}", size, samples.t_s.size()));
  };
  check_size("start_s", samples.start_s.size());
  check_size("f_hz", samples.f_hz.size());
  check_size("loop", samples.loop.size());
  check_size("step", samples.step.size());
  return samples;
}

Trace read_trace(const JsonNode& node) {
  const auto column = [&](const char* key) {
    return node.at(key).column_of_not_negatives_or_nulls();
  };
  Trace trace{
      .t_s = node.at("t_s").column_of_numbers(),
      .power_w = column("power_w"),
      .sm_clock_hz = column("sm_clock_hz"),
      .temperature_c = column("temperature_c"),
      .clocks_events = column("clocks_events"),
  };
  const auto check_size = [&](const char* key, std::size_t size) {
    if (size != trace.t_s.size())
      node.at(key).fail(fmt::format("has {} entries where t_s has {}", size, trace.t_s.size()));
  };
  check_size("power_w", trace.power_w.size());
  check_size("sm_clock_hz", trace.sm_clock_hz.size());
  check_size("temperature_c", trace.temperature_c.size());
  check_size("clocks_events", trace.clocks_events.size());
  return trace;
}

std::map<std::string, std::map<std::string, double>> read_states(const JsonNode& node) {
  return node.map([](const JsonNode& state) { return state.map(&JsonNode::finite); });
}

GpuProcess read_process(const JsonNode& node) {
  constexpr std::array<std::string_view, 2> kWhen{"before", "after"};
  return {
      .when = std::string(one_of(node.at("when"), kWhen, std::identity())),
      .pid = node.at("pid").count<std::int64_t>(),
      .kind = node.at("kind").text(),
      .name = node.at("name").text(),
      .memory_bytes = node.optional("memory_bytes", &JsonNode::count<std::int64_t>),
      .foreign = node.at("foreign").boolean(),
  };
}

std::vector<GpuProcess> read_processes(const JsonNode& node) {
  return node.list(read_process);
}

Replicate read_replicate(const JsonNode& node) {
  return {
      .process = node.at("process").count<std::int64_t>(),
      .started = node.at("started").text(),
      .device_uuid = node.at("device_uuid").text(),
      .seed = node.at("seed").count<std::uint64_t>(),
      .machine = node.optional("machine", read_states)
                     .value_or(std::map<std::string, std::map<std::string, double>>()),
      .samples = read_samples(node.at("samples")),
      .trace = node.optional("trace", read_trace),
      .processes = node.optional("processes", read_processes).value_or(std::vector<GpuProcess>()),
      .origin = node.optional("origin", &JsonNode::count<std::size_t>),
  };
}

Check read_check(const JsonNode& node) {
  return {
      .finite = node.at("finite").boolean(),
      .checksum = node.at("checksum").text(),
      .rms = node.optional("rms", &JsonNode::not_negative),
      .max_abs_error = node.optional("max_abs_error", &JsonNode::not_negative),
      .max_ulp = node.optional("max_ulp", &JsonNode::not_negative),
      .exact_share = node.optional("exact_share", &JsonNode::not_negative),
      .step_error = node.optional("step_error", &JsonNode::not_negative),
      .psnr_db = node.optional("psnr_db", &JsonNode::finite),
  };
}

Reference read_reference(const JsonNode& node) {
  return {
      .copy_t_s = node.optional("copy_t_s", &JsonNode::positive),
      .matmul_flop_per_s = node.optional("matmul_flop_per_s", &JsonNode::positive),
      .matmul_f_hz = node.optional("matmul_f_hz", &JsonNode::positive),
  };
}

std::array<std::int64_t, 3> read_extent(const JsonNode& node) {
  const auto extent = node.column_of_counts<std::int64_t>();
  if (extent.size() != 3)
    node.fail(fmt::format("has {} entries, not 3", extent.size()));
  return {extent[0], extent[1], extent[2]};
}

Counters read_counters(const JsonNode& node) {
  return {
      .dram_read_bytes = node.at("dram_read_bytes").not_negative(),
      .dram_written_bytes = node.at("dram_written_bytes").not_negative(),
      .l2_hit_rate = node.at("l2_hit_rate").not_negative(),
      .tensor_utilization = node.at("tensor_utilization").not_negative(),
  };
}

ProfiledKernel read_profiled_kernel(const JsonNode& node) {
  return {
      .name = node.at("name").text(),
      .operation = node.at("operation").text(),
      .grid = read_extent(node.at("grid")),
      .block = read_extent(node.at("block")),
      .registers = node.at("registers").count<std::int64_t>(),
      .shared_memory_bytes = node.at("shared_memory_bytes").count<std::int64_t>(),
      .launches = node.at("launches").count<std::int64_t>(),
      .total_s = node.at("total_s").not_negative(),
      .median_s = node.at("median_s").not_negative(),
      .counters = node.optional("counters", read_counters),
  };
}

KernelProfile read_profile(const JsonNode& node) {
  return {
      .source = node.at("source").text(),
      .message = node.at("message").text(),
      .samples = node.at("samples").count<std::int64_t>(),
      .sample_s = node.at("sample_s").not_negative(),
      .gaps_s = node.at("gaps_s").finite(),
      .f_hz = node.optional("f_hz", &JsonNode::positive),
      .plain_sample_s = node.optional("plain_sample_s", &JsonNode::positive),
      .counters = node.optional("counters", read_counters),
      .counters_message = node.optional("counters_message", &JsonNode::text).value_or(""),
      .kernels = node.at("kernels").list(read_profiled_kernel),
  };
}

CaseResult read_case(const JsonNode& node) {
  constexpr std::array<std::string_view, 3> kKinds{"loop", "kernel", "anchor"};
  return {
      .id = node.at("id").text(),
      .kind = std::string(one_of(node.at("kind"), kKinds, std::identity())),
      .hash = node.at("hash").text(),
      .work_version = node.at("work_version").count<int>(),
      .status = one_of(node.at("status"), kCaseStatuses, to_string),
      .message = node.at("message").text(),
      .parameters = node.at("parameters").map(&JsonNode::text),
      .gate_work = node.at("gate_work").positive(),
      .replicates = node.at("replicates").list(read_replicate),
      .check = read_check(node.at("check")),
      .reference = read_reference(node.at("reference")),
      .flop = node.at("flop").not_negative(),
      .bytes = node.at("bytes").not_negative(),
      .launches = node.optional("launches", &JsonNode::count<std::int64_t>),
      .kernels = node.at("kernels").map(&JsonNode::count<std::int64_t>),
      .peak_memory_bytes = node.at("peak_memory_bytes").count<std::int64_t>(),
      .phases_s = node.at("phases_s").map(&JsonNode::not_negative),
      .profile = node.optional("profile", read_profile),
  };
}

std::vector<CaseResult> read_cases(const JsonNode& node) {
  std::unordered_set<std::string> ids;
  return node.list([&](const JsonNode& element) {
    CaseResult result = read_case(element);
    if (!ids.insert(result.id).second)
      element.at("id").fail(fmt::format("{} is there twice: leave one of them", result.id));
    return result;
  });
}

std::string read_regex(const JsonNode& node) {
  std::string text = node.text();
  try {
    const Pattern is_one(text);
  } catch (const std::invalid_argument&) {
    node.fail("no regular expression");
  }
  return text;
}

Facts read_facts(const JsonNode& node) {
  return node.map([](const JsonNode& group) { return group.map(&JsonNode::text); });
}

Origin read_origin(const JsonNode& node) {
  return {
      .git_sha = node.at("git_sha").text(),
      .git_dirty = node.optional("git_dirty", &JsonNode::boolean).value_or(false),
      .profile = node.optional("profile", &JsonNode::text).value_or(""),
      .machine = read_facts(node.at("machine")),
      .settings = read_facts(node.at("settings")),
  };
}

/// A file is of one GPU model, by which it is compared.
void check_model(const JsonNode& origin, const Facts& machine, const Origin& read) {
  const std::string* of_file = find_fact(machine, "gpu", "name");
  const std::string* of_origin = find_fact(read.machine, "gpu", "name");
  if (of_file && of_origin && *of_file != *of_origin) {
    origin.at("machine").at("gpu").at("name").fail(
        fmt::format("is {} in a file of {}: keep results of two GPU models in two files",
                    *of_origin, *of_file));
  }
}

/// Files of an older bench have none.
std::vector<Origin> read_origins(const JsonNode& root, const Facts& machine) {
  const auto read = [&](const JsonNode& node) {
    return node.list([&](const JsonNode& element) {
      Origin origin = read_origin(element);
      check_model(element, machine, origin);
      return origin;
    });
  };
  std::vector<Origin> origins = root.optional("origins", read).value_or(std::vector<Origin>());
  const auto check_replicate = [&](const JsonNode& replicate) {
    const auto index = replicate.optional("origin", &JsonNode::count<std::size_t>);
    if (index && *index >= origins.size())
      replicate.at("origin").fail(fmt::format("{} of {} origins", *index, origins.size()));
    return 0;
  };
  root.at("cases").list(
      [&](const JsonNode& c) { return c.at("replicates").list(check_replicate).size(); });
  return origins;
}

} // namespace

Result from_json(std::string_view text, const std::string& origin) {
  const JsonDocument document = JsonDocument::parse(text, origin);
  const JsonNode root(document, origin);
  check_schema(root, origin);
  const JsonNode tool = root.at("tool");
  const JsonNode scenario = root.at("scenario");
  const Facts machine = read_facts(root.at("machine"));
  return {
      .tool_version = tool.at("version").text(),
      .git_sha = tool.at("git_sha").text(),
      .git_dirty = tool.at("git_dirty").boolean(),
      .argv = root.at("argv").list(&JsonNode::text),
      .started = root.at("started").text(),
      .finished = root.at("finished").text(),
      .interrupted = root.at("interrupted").boolean(),
      .scenario = scenario.at("name").text(),
      .scenario_file = scenario.at("file").text(),
      .scenario_text = scenario.at("text").text(),
      .overrides = scenario.at("overrides").list(&JsonNode::text),
      .only = scenario.optional("only", read_regex).value_or(""), // files of an older bench
      .profile = scenario.at("profile").text(),
      .device = scenario.at("device").text(),
      .machine = machine,
      .settings = read_facts(root.at("settings")),
      .origins = read_origins(root, machine),
      .cases = read_cases(root.at("cases")),
      .phases_s = root.at("phases_s").map(&JsonNode::not_negative),
  };
}

} // namespace bench::results
