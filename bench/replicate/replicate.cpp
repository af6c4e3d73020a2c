#include <bench/base/error.h>
#include <bench/device/device.h>
#include <bench/kernel_bench/driver.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/worker.h>
#include <bench/replicate/case_results.h>
#include <bench/replicate/catalog.h>
#include <bench/replicate/facts.h>
#include <bench/replicate/replicate.h>
#include <kernels/plugins/plugins.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>

namespace bench::replicate {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kPatience = 180; // seconds; capturing a large model's graph is silent so long

Request parse_request(const std::string& text) {
  const Json json = Json::parse(text);
  Request request;
  request.scenario = json.at("scenario").get<std::string>();
  request.overrides = json.at("overrides").get<std::vector<std::string>>();
  for (const Json& plugin : json.value("plugins", Json::array())) // which an older bench lacks
    request.plugins.emplace_back(plugin.get<std::string>());
  request.profile = json.at("profile").get<std::string>();
  request.cases = json.at("cases").get<std::vector<std::string>>();
  request.seed = json.at("seed").get<std::uint64_t>();
  request.flags = json.at("flags").get<std::vector<std::string>>();
  request.arms.only_injected = json.value("only_injected", false); // older runners have no such key
  request.save_latents = json.value("save_latents", "");
  request.profile_kernels = json.value("profile_kernels", false);
  request.trace = json.value("trace", "");
  for (const Json& injection : json.at("injections"))
    request.arms.injections.push_back(parse_injection(injection.get<std::string>()));
  return request;
}

/// The worker's lines to the runner.
class Lines {
 public:
  Lines() : descriptor_(measure::claim_standard_output()) {}

  void write(const Json& line) const {
    std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t size = ::write(descriptor_, rest.data(), rest.size());
      if (size < 0)
        _exit(1); // nobody reads any more
      rest.remove_prefix(static_cast<std::size_t>(size));
    }
  }

 private:
  int descriptor_;
};

class LineProgress final : public measure::Progress {
 public:
  explicit LineProgress(const Lines& lines) : lines_(lines) {}
  void start(int) override {}
  void begin(std::string_view case_id) override {
    case_id_ = case_id;
    phase("begin", 0);
  }
  void phase(std::string_view name, double fraction) override {
    lines_.write({{"phase", name}, {"fraction", fraction}, {"case", case_id_}});
  }
  void end(std::string_view) override {}

 private:
  const Lines& lines_;
  std::string case_id_;
};

/// The cases asked for, in an order drawn from the seed: every replicate visits them in another.
std::vector<scenario::Case> chosen_cases(const scenario::Expansion& plan, const Request& request) {
  const std::set<std::string> wanted(request.cases.begin(), request.cases.end());
  std::vector<scenario::Case> cases = plan.cases;
  std::erase_if(cases, [&](const scenario::Case& c) { return !wanted.contains(c.id); });
  std::mt19937_64 random(request.seed);
  std::ranges::shuffle(cases, random);
  return cases;
}

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

void measure_request(const Request& request, const Lines& lines) {
  kernels::plugins::load(request.plugins, nullptr); // bench itself has said the notes
  const scenario::Catalog catalog = make_catalog();
  const scenario::Scenario scenario = load(request.scenario, catalog, request.overrides);
  const scenario::Expansion plan = expand(scenario, request.profile, catalog);
  const auto device = device::open_device(plan.device);
  results::Result shell;
  describe_machine(shell, *device);
  lines.write({{"result", to_json(shell)}});
  const auto sink = [&](results::CaseResult result) {
    results::Result one;
    one.cases.push_back(std::move(result));
    lines.write({{"result", to_json(one)}});
  };

  LineProgress progress(lines);
  const Bench bench{.device = *device,
                    .sampling = plan.sampling,
                    .seed = request.seed,
                    .progress = progress,
                    .save_latents = request.save_latents,
                    .scenario_file = request.scenario};
  const std::vector<scenario::Case> cases = chosen_cases(plan, request);
  if (request.profile_kernels)
    return profile_cases(cases, request.arms, bench, request.trace, sink);
  // The kernels' memory first, so that it is the same in every process; and they before the loops,
  // which then have it. The anchors before both: what is there when a process breaks off has them.
  const bool has_kernels = !std::ranges::all_of(cases, &scenario::Case::is_loop);
  auto arena = has_kernels ? kernel_bench::make_arena(*device) : nullptr;
  measure_anchors(plan.scenario, cases, bench, sink);
  measure_kernels(cases, request.arms, bench, request.flags, std::move(arena), sink);
  std::map<std::string, double> phases_s;
  measure_loops(cases, request.arms, bench, phases_s, sink);
  results::Result end;
  end.phases_s = std::move(phases_s);
  lines.write({{"result", to_json(end)}});
}

} // namespace

std::string to_text(const Request& request) {
  Json injections = Json::array(), plugins = Json::array();
  for (const std::filesystem::path& plugin : request.plugins)
    plugins.push_back(plugin.string());
  for (const Injection& injection : request.arms.injections)
    injections.push_back(to_string(injection));
  return Json{{"scenario", request.scenario.string()},
              {"overrides", request.overrides},
              {"plugins", std::move(plugins)},
              {"profile", request.profile},
              {"cases", request.cases},
              {"seed", request.seed},
              {"flags", request.flags},
              {"save_latents", request.save_latents.string()},
              {"injections", std::move(injections)},
              {"only_injected", request.arms.only_injected},
              {"profile_kernels", request.profile_kernels},
              {"trace", request.trace.string()}}
      .dump();
}

ExitCode answer(const std::string& text) {
  const Lines lines;
  measure::catch_interrupts();
  const auto stop = [&](ExitCode code, std::string_view error) {
    lines.write({{"error", error}, {"exit_code", static_cast<int>(code)}});
    return code;
  };
  try {
    measure_request(parse_request(text), lines);
    return ExitCode::ok;
  } catch (const measure::Interrupted&) {
    return stop(ExitCode::interrupted, "interrupted");
  } catch (const Error& e) {
    return stop(e.code(), e.what());
  } catch (const std::exception& e) {
    return stop(ExitCode::invalid, e.what());
  }
}

End run(const std::filesystem::path& program, Request request, measure::Progress& progress,
        const std::function<void(results::Result)>& sink) {
  End end;
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
        done.insert(c.id);
        under_way.clear();
      }
      sink(std::move(result));
    }
  };
  for (;;) {
    measure::WorkerEnd worker;
    try {
      worker = measure::run_worker({program.string(), "replicate", to_text(request)}, kPatience,
                                   on_line);
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
    const std::string base_id = id_without_injection(under_way);
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

} // namespace bench::replicate
