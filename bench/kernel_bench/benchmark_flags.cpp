#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/nearest.h>
#include <bench/base/pattern.h>
#include <bench/kernel_bench/benchmark_flags.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace bench::kernel_bench {
namespace {

enum class Value { boolean, integer, format, text };

struct Flag {
  std::string_view name;
  Value value;
};

/// Those of Google Benchmark 1.7 that still mean something where bench prints the table.
constexpr Flag kFlags[] = {
    {"--benchmark_context", Value::text},
    {"--benchmark_enable_random_interleaving", Value::boolean},
    {"--benchmark_filter", Value::text},
    {"--benchmark_out", Value::text},
    {"--benchmark_out_format", Value::format},
    {"--benchmark_perf_counters", Value::text},
    {"--benchmark_repetitions", Value::integer},
    {"--benchmark_report_aggregates_only", Value::boolean},
};

bool is_count(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

/// What the value must be, if it is not; else "".
std::string_view wanted_instead(Value kind, std::string_view value) {
  switch (kind) {
  case Value::boolean:
    return is_one_of(value, {"true", "false"}) ? "" : "true or false";
  case Value::integer:
    return is_count(value) ? "" : "an integer above 0";
  case Value::format:
    return is_one_of(value, {"json", "console", "csv"}) ? "" : "json, console or csv";
  case Value::text:
    break;
  }
  return value.empty() ? "given" : "";
}

Value kind_of(std::string_view name) {
  const auto known = std::ranges::find(kFlags, name, &Flag::name);
  if (known != std::end(kFlags))
    return known->value;
  std::vector<std::string> names;
  for (const Flag& flag : kFlags)
    names.emplace_back(flag.name);
  throw UsageError(fmt::format("{}: no flag that `--` passes on to Google Benchmark{}", name,
                               hint(name, std::move(names))));
}

void check_filter(std::string_view filter, const std::vector<std::string>& names) {
  const bool inverted = filter.starts_with('-');
  const Pattern wanted =
      pattern_option("--benchmark_filter", std::string(filter.substr(inverted ? 1 : 0)),
                     Pattern::Grammar::extended); // as Google Benchmark reads it
  const auto chosen = [&](const std::string& name) {
    return filter == "all" || wanted.is_in(name) != inverted;
  };
  if (std::ranges::none_of(names, chosen))
    throw UsageError(fmt::format("--benchmark_filter '{}': matches none of the {} kernel cases, "
                                 "which Google Benchmark knows by names such as '{}'",
                                 filter, names.size(), names.front()));
}

} // namespace

void check_benchmark_flags(const std::vector<std::string>& flags,
                           const std::vector<std::string>& names) {
  if (!flags.empty() && names.empty())
    throw UsageError(fmt::format("{}: no kernel case is chosen for Google Benchmark to drive; "
                                 "leave out `--` or choose others with --only",
                                 flags.front()));
  for (const std::string& flag : flags) {
    const std::string_view text = flag;
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string_view name = text.substr(0, equals);
    const Value kind = kind_of(name);
    std::string_view value = text.substr(std::min(equals + 1, text.size()));
    if (kind == Value::boolean && equals == text.size())
      value = "true";
    if (const auto wanted = wanted_instead(kind, value); !wanted.empty())
      throw UsageError(fmt::format("{}: its value must be {}; got '{}'", name, wanted, value));
    if (name == "--benchmark_filter")
      check_filter(value, names);
    if (name == "--benchmark_out")
      check_writable(value);
  }
}

} // namespace bench::kernel_bench
