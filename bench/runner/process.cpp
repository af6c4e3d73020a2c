#include <bench/base/error.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/worker.h>
#include <bench/runner/process.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>
#include <stdexcept>
#include <utility>

namespace bench::runner {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kPatience = 180; // seconds; capturing a large model's graph is silent so long

/// A worker's line is a result, and there is something wrong with it.
struct Rubbish : std::runtime_error {
  using std::runtime_error::runtime_error;
};

results::Result parse_result(const Json& json) {
  try {
    return results::from_json(json.dump(), "its result");
  } catch (const UsageError& e) { // not the user's fault
    throw Rubbish(e.what());
  }
}

} // namespace

ReplicateEnd run_replicate(const std::filesystem::path& program, replicate::Request request,
                           measure::Progress& progress,
                           const std::function<void(results::Result)>& sink) {
  ReplicateEnd end;
  std::string under_way;
  std::set<std::string> done;
  const auto on_line = [&](std::string_view line) {
    const Json json = Json::parse(line);
    if (json.contains("phase")) {
      const std::string id = json.at("case").get<std::string>();
      if (id != under_way)
        progress.begin(id);
      under_way = id;
      progress.phase(json.at("phase").get<std::string>(), json.at("fraction").get<double>());
    } else if (json.contains("error")) {
      end.fault = json.at("error").get<std::string>();
      end.code = static_cast<ExitCode>(json.at("exit_code").get<int>());
    } else {
      results::Result result = parse_result(json.at("result"));
      for (const results::CaseResult& c : result.cases) {
        done.insert(replicate::id_without_injection(c.id)); // its arms come one behind the other
        under_way.clear();
      }
      sink(std::move(result));
    }
  };
  for (;;) {
    measure::WorkerEnd worker;
    try {
      worker = measure::run_worker({program.string(), "replicate", replicate::to_text(request)},
                                   kPatience, on_line);
    } catch (const Json::exception&) {
      worker.fault = "the worker process wrote what no replicate writes";
    } catch (const Rubbish& e) {
      worker.fault = fmt::format("the worker process wrote what no replicate writes: {}", e.what());
    }
    if (measure::interrupted()) {
      end.interrupted = true;
      return end;
    }
    if (!end.fault.empty() || worker.fault.empty())
      return end;
    // It broke off. The case under way is lost; the rest gets another process, once a case.
    if (under_way.empty()) {
      end.fault = worker.fault;
      end.code = ExitCode::invalid;
      return end;
    }
    const std::string base_id = replicate::id_without_injection(under_way);
    results::CaseResult lost;
    lost.id = under_way;
    lost.kind = under_way.find("/loop/") != std::string::npos     ? "loop"
                : under_way.find("/anchor/") != std::string::npos ? "anchor"
                                                                  : "kernel";
    lost.status = results::CaseStatus::invalid;
    lost.message = worker.fault;
    results::Result one;
    one.cases.push_back(std::move(lost));
    sink(std::move(one));
    const auto gone = std::erase_if(
        request.cases, [&](const std::string& id) { return done.contains(id) || id == base_id; });
    under_way.clear();
    if (gone == 0) { // an anchor: the next process would meet the same
      end.fault = worker.fault;
      end.code = ExitCode::invalid;
      return end;
    }
    if (request.cases.empty())
      return end;
  }
}

} // namespace bench::runner
