#include <bench/compare/csv.h>
#include <bench/compare/explain_output.h>
#include <bench/compare/or_null.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace bench::compare {
namespace {

using Json = nlohmann::ordered_json;

Json part_json(const explain::Part& part) {
  return {{"change", to_string(part.change)},  {"kernel", part.kernel},
          {"new_kernel", part.new_kernel},     {"grid", part.grid},
          {"new_grid", part.new_grid},         {"base_launches", part.base_launches},
          {"new_launches", part.new_launches}, {"base_launch_s", part.base_launch_s},
          {"new_launch_s", part.new_launch_s}, {"drift_s", part.drift_s}};
}

Json operation_json(const explain::OperationDrift& operation) {
  Json parts = Json::array();
  for (const explain::Part& part : operation.parts)
    parts.push_back(part_json(part));
  return {{"operation", operation.operation},
          {"base_launches", operation.base_launches},
          {"new_launches", operation.new_launches},
          {"base_s", operation.base_s},
          {"new_s", operation.new_s},
          {"drift_s", operation.drift_s()},
          {"parts", std::move(parts)}};
}

} // namespace

Json to_json(const explain::ExactChange& change) {
  Json kernels = Json::array();
  for (const explain::KernelCount& kernel : change.kernels)
    kernels.push_back({{"name", kernel.name}, {"base", kernel.base}, {"new", kernel.fresh}});
  return {{"text", to_text(change)},
          {"base_launches", or_null(change.base_launches)},
          {"new_launches", or_null(change.new_launches)},
          {"kernels", std::move(kernels)}};
}

Json to_json(const explain::Explanation& explanation) {
  Json operations = Json::array();
  for (const explain::OperationDrift& operation : explanation.operations)
    operations.push_back(operation_json(operation));
  return {{"base_source", explanation.base_source},
          {"new_source", explanation.new_source},
          {"base_sample_s", explanation.base_sample_s},
          {"new_sample_s", explanation.new_sample_s},
          {"base_hz", or_null(explanation.base_hz)},
          {"new_hz", or_null(explanation.new_hz)},
          {"base_bytes", or_null(explanation.base_bytes)},
          {"new_bytes", or_null(explanation.new_bytes)},
          {"work", explanation.work()},
          {"timed_work", or_null(explanation.timed)},
          {"timed_half_width", or_null(explanation.timed_half_width)},
          {"residual", or_null(explanation.residual())},
          {"gaps_s", explanation.gaps_s},
          {"clock_s", explanation.clock_s},
          {"unaccounted_s", explanation.unaccounted_s},
          {"operations", std::move(operations)},
          {"notes", explanation.notes}};
}

Json to_json(const std::vector<CaseExplanation>& cases) {
  Json list = Json::array();
  for (const CaseExplanation& c : cases) {
    list.push_back({{"base_id", c.base_id},
                    {"new_id", c.new_id},
                    {"exact", to_json(c.exact)},
                    {"explanation", c.explanation ? to_json(*c.explanation) : Json(nullptr)},
                    {"why_none", c.why_none}});
  }
  return {{"schema_version", 1}, {"cases", std::move(list)}};
}

std::string to_csv(const std::vector<CaseExplanation>& cases) {
  std::string text = "case,new_case,operation,change,kernel,new_kernel,base_launches,new_launches,"
                     "base_launch_s,new_launch_s,drift_s,share\n";
  for (const CaseExplanation& c : cases) {
    if (!c.explanation)
      continue;
    const explain::Explanation& e = *c.explanation;
    const auto add = [&](std::string_view operation, const explain::Part& part,
                         std::string_view change) {
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(c.base_id),
                          csv_field(c.new_id), csv_field(operation), change, csv_field(part.kernel),
                          csv_field(part.new_kernel), part.base_launches, part.new_launches,
                          csv_number(part.base_launch_s), csv_number(part.new_launch_s),
                          csv_number(part.drift_s), csv_number(part.drift_s / e.base_sample_s));
    };
    for (const explain::OperationDrift& operation : e.operations)
      for (const explain::Part& part : operation.parts)
        add(operation.operation, part, to_string(part.change));
    add("", {.drift_s = e.gaps_s}, "gaps");
    add("", {.drift_s = e.clock_s}, "clock");
    add("", {.drift_s = e.unaccounted_s}, "unaccounted");
  }
  return text;
}

} // namespace bench::compare
