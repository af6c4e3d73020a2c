#include <bench/results/result.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <ranges>
#include <stdexcept>
#include <unordered_set>

namespace bench::results {
namespace {

using Json = nlohmann::ordered_json;

bool positive(double x) {
  return std::isfinite(x) && x > 0;
}
bool not_negative(double x) {
  return std::isfinite(x) && x >= 0;
}
bool not_negative_or_nan(double x) {
  return std::isnan(x) || not_negative(x);
}
bool positive_or_nan(double x) {
  return std::isnan(x) || positive(x);
}

bool may_be_sample(double t_s) {
  return t_s >= kShortestSample_s && t_s <= kLongestSample_s;
}

bool valid(const std::optional<Counters>& counters) {
  return !counters ||
         (not_negative(counters->dram_read_bytes) && not_negative(counters->dram_written_bytes) &&
          not_negative(counters->l2_hit_rate) && not_negative(counters->tensor_utilization));
}

bool valid(const ProfiledKernel& kernel) {
  return kernel.launches > 0 && not_negative(kernel.total_s) && not_negative(kernel.median_s) &&
         valid(kernel.counters);
}

/// What from_json would refuse, and a faulty measurement could bring about.
void check(const CaseResult& result) {
  using std::ranges::all_of;
  const auto demand = [&](bool holds, std::string_view fault) {
    if (!holds)
      throw std::invalid_argument(fmt::format("result of {}: {}", result.id, fault));
  };
  demand(result.kind == "loop" || result.kind == "kernel" || result.kind == "anchor",
         "its kind is neither loop, kernel nor anchor");
  demand(positive(result.gate_work), "the gate is not positive and finite");
  demand(not_negative(result.flop) && not_negative(result.bytes),
         "flop or bytes is negative or not finite");
  demand(all_of(result.phases_s | std::views::values, not_negative),
         "a phase is negative or not finite");
  if (result.profile) {
    demand(not_negative(result.profile->sample_s) && std::isfinite(result.profile->gaps_s),
           "a time of its profile is not finite");
    demand(all_of(result.profile->kernels, [](const ProfiledKernel& k) { return valid(k); }),
           "a kernel of its profile is not finite");
    demand(valid(result.profile->counters), "a counter of its profile is not finite");
  }
  for (const Replicate& replicate : result.replicates) {
    const Samples& samples = replicate.samples;
    const std::size_t size = samples.t_s.size();
    demand(samples.start_s.size() == size && samples.f_hz.size() == size &&
               samples.loop.size() == size && samples.step.size() == size,
           "columns of samples differ in length");
    demand(all_of(samples.t_s, may_be_sample), "a time is not within 1 ns to 1 day");
    demand(all_of(samples.start_s, not_negative), "a start is negative or not finite");
    demand(all_of(samples.f_hz, positive_or_nan), "a frequency is neither positive nor NaN");
    demand(all_of(samples.loop, not_negative) && all_of(samples.step, not_negative),
           "a loop or step is negative");
    if (const std::optional<Trace>& trace = replicate.trace) {
      const std::size_t readings = trace->t_s.size();
      demand(trace->power_w.size() == readings && trace->sm_clock_hz.size() == readings &&
                 trace->temperature_c.size() == readings && trace->clocks_events.size() == readings,
             "columns of its trace differ in length");
      demand(all_of(trace->t_s, [](double t) { return std::isfinite(t); }),
             "a time of its trace is not finite");
      for (const auto& column :
           {trace->power_w, trace->sm_clock_hz, trace->temperature_c, trace->clocks_events})
        demand(all_of(column, not_negative_or_nan), "its trace has a number below 0");
    }
  }
}

/// JSON has no NaN; the format says null for what is unknown.
Json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json column_with_nulls(const std::vector<double>& values) {
  Json column = Json::array();
  for (const double value : values)
    column.push_back(number_or_null(value));
  return column;
}

Json trace_json(const Trace& trace) {
  Json clocks_events = Json::array();
  for (const double bits : trace.clocks_events) {
    clocks_events.push_back(std::isnan(bits) ? Json(nullptr)
                                             : Json(static_cast<std::uint64_t>(bits)));
  }
  return {
      {"t_s", trace.t_s},
      {"power_w", column_with_nulls(trace.power_w)},
      {"sm_clock_hz", column_with_nulls(trace.sm_clock_hz)},
      {"temperature_c", column_with_nulls(trace.temperature_c)},
      {"clocks_events", std::move(clocks_events)},
  };
}

Json processes_json(const std::vector<GpuProcess>& processes) {
  Json all = Json::array();
  for (const GpuProcess& process : processes) {
    all.push_back({{"when", process.when},
                   {"pid", process.pid},
                   {"kind", process.kind},
                   {"name", process.name},
                   {"memory_bytes", process.memory_bytes ? Json(*process.memory_bytes) : Json()},
                   {"foreign", process.foreign}});
  }
  return all;
}

Json replicate_json(const Replicate& replicate) {
  return {
      {"process", replicate.process},
      {"started", replicate.started},
      {"device_uuid", replicate.device_uuid},
      {"seed", replicate.seed},
      {"origin", replicate.origin ? Json(*replicate.origin) : Json(nullptr)},
      {"machine", replicate.machine},
      {"processes", processes_json(replicate.processes)},
      {"samples",
       {{"start_s", replicate.samples.start_s},
        {"t_s", replicate.samples.t_s},
        {"f_hz", column_with_nulls(replicate.samples.f_hz)},
        {"loop", replicate.samples.loop},
        {"step", replicate.samples.step}}},
      {"trace", replicate.trace ? trace_json(*replicate.trace) : Json(nullptr)},
  };
}

Json counters_json(const Counters& counters) {
  return {
      {"dram_read_bytes", counters.dram_read_bytes},
      {"dram_written_bytes", counters.dram_written_bytes},
      {"l2_hit_rate", counters.l2_hit_rate},
      {"tensor_utilization", counters.tensor_utilization},
  };
}

Json profiled_kernel_json(const ProfiledKernel& kernel) {
  return {
      {"name", kernel.name},
      {"operation", kernel.operation},
      {"grid", kernel.grid},
      {"block", kernel.block},
      {"registers", kernel.registers},
      {"shared_memory_bytes", kernel.shared_memory_bytes},
      {"launches", kernel.launches},
      {"total_s", kernel.total_s},
      {"median_s", kernel.median_s},
      {"counters", kernel.counters ? counters_json(*kernel.counters) : Json(nullptr)},
  };
}

Json profile_json(const KernelProfile& profile) {
  Json kernels = Json::array();
  for (const ProfiledKernel& kernel : profile.kernels)
    kernels.push_back(profiled_kernel_json(kernel));
  return {
      {"source", profile.source},
      {"message", profile.message},
      {"samples", profile.samples},
      {"sample_s", profile.sample_s},
      {"gaps_s", profile.gaps_s},
      {"f_hz", number_or_null(profile.f_hz)},
      {"plain_sample_s", number_or_null(profile.plain_sample_s)},
      {"counters", profile.counters ? counters_json(*profile.counters) : Json(nullptr)},
      {"counters_message", profile.counters_message},
      {"kernels", std::move(kernels)},
  };
}

Json case_json(const CaseResult& result) {
  check(result);
  Json replicates = Json::array();
  for (const Replicate& replicate : result.replicates)
    replicates.push_back(replicate_json(replicate));
  return {
      {"id", result.id},
      {"kind", result.kind},
      {"hash", result.hash},
      {"work_version", result.work_version},
      {"status", to_string(result.status)},
      {"message", result.message},
      {"parameters", result.parameters},
      {"gate_work", result.gate_work},
      {"flop", result.flop},
      {"bytes", result.bytes},
      {"launches", result.launches ? Json(*result.launches) : Json(nullptr)},
      {"kernels", result.kernels},
      {"peak_memory_bytes", result.peak_memory_bytes},
      {"phases_s", result.phases_s},
      {"reference",
       {{"copy_t_s", number_or_null(result.reference.copy_t_s)},
        {"matmul_flop_per_s", number_or_null(result.reference.matmul_flop_per_s)},
        {"matmul_f_hz", number_or_null(result.reference.matmul_f_hz)}}},
      {"check",
       {{"finite", result.check.finite},
        {"checksum", result.check.checksum},
        {"rms", number_or_null(result.check.rms)},
        {"max_abs_error", number_or_null(result.check.max_abs_error)},
        {"max_ulp", number_or_null(result.check.max_ulp)},
        {"exact_share", number_or_null(result.check.exact_share)},
        {"step_error", number_or_null(result.check.step_error)},
        {"psnr_db", number_or_null(result.check.psnr_db)}}},
      {"profile", result.profile ? profile_json(*result.profile) : Json(nullptr)},
      {"replicates", std::move(replicates)},
  };
}

/// An argument or a message of another program need not be UTF-8: replace, rather than lose a run.
std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// dump(1) gives every sample a line of its own, dump() gives the document one: neither can be read
/// in a diff. Here a member has a line, and so has an array without arrays or objects in it.
void lay_out(const Json& value, std::size_t depth, std::string& out) {
  const auto structured = [](const Json& element) { return element.is_structured(); };
  const bool one_line = !value.is_structured() || value.empty() ||
                        (value.is_array() && std::none_of(value.begin(), value.end(), structured));
  if (one_line) {
    out += dump(value);
    return;
  }
  out += value.is_array() ? '[' : '{';
  std::string_view separator = "\n";
  for (const auto& [key, member] : value.items()) {
    out += separator;
    out.append(depth + 1, ' ');
    if (value.is_object())
      out += dump(key) + ": ";
    lay_out(member, depth + 1, out);
    separator = ",\n";
  }
  out += '\n';
  out.append(depth, ' ');
  out += value.is_array() ? ']' : '}';
}

} // namespace

std::string_view to_string(CaseStatus status) {
  switch (status) {
  case CaseStatus::ok:
    return "ok";
  case CaseStatus::invalid:
    return "invalid";
  case CaseStatus::failed:
    return "failed";
  case CaseStatus::unavailable:
    return "unavailable";
  }
  throw std::invalid_argument("no such CaseStatus");
}

Json to_json(const Result& result) {
  Json origins = Json::array();
  for (const Origin& origin : result.origins) {
    origins.push_back({{"git_sha", origin.git_sha},
                       {"git_dirty", origin.git_dirty},
                       {"profile", origin.profile},
                       {"machine", origin.machine},
                       {"settings", origin.settings}});
  }
  Json cases = Json::array();
  std::unordered_set<std::string_view> ids;
  for (const CaseResult& case_result : result.cases) {
    if (!ids.insert(case_result.id).second)
      throw std::invalid_argument(fmt::format("result of {}: is there twice", case_result.id));
    cases.push_back(case_json(case_result));
  }
  return {
      {"schema_version", kSchemaVersion},
      {"tool",
       {{"name", "bench"},
        {"version", result.tool_version},
        {"git_sha", result.git_sha},
        {"git_dirty", result.git_dirty}}},
      {"argv", result.argv},
      {"started", result.started},
      {"finished", result.finished},
      {"interrupted", result.interrupted},
      {"scenario",
       {{"name", result.scenario},
        {"file", result.scenario_file},
        {"profile", result.profile},
        {"device", result.device},
        {"overrides", result.overrides},
        {"only", result.only},
        {"text", result.scenario_text}}},
      {"machine", result.machine},
      {"settings", result.settings},
      {"origins", std::move(origins)},
      {"phases_s", result.phases_s},
      {"cases", std::move(cases)},
  };
}

std::string to_text(const Result& result) {
  std::string text;
  lay_out(to_json(result), 0, text);
  text += '\n';
  return text;
}

} // namespace bench::results
