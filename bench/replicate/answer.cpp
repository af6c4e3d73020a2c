#include <bench/base/error.h>
#include <bench/device/device.h>
#include <bench/kernel_bench/driver.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/worker.h>
#include <bench/replicate/answer.h>
#include <bench/replicate/case_results.h>
#include <bench/replicate/catalog.h>
#include <bench/replicate/facts.h>
#include <bench/replicate/request.h>
#include <kernels/plugins/plugins.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

namespace bench::replicate {
namespace {

using Json = nlohmann::ordered_json;

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
  // The buffers' memory first, so that it is the same in every process. The anchors before kernels
  // and loops: what is there when a process breaks off has them.
  auto arena = kernel_bench::make_arena(*device);
  measure_anchors(plan.scenario, cases, bench, sink);
  measure_kernels(cases, request.arms, bench, request.flags, arena.get(), sink);
  std::map<std::string, double> phases_s;
  measure_loops(cases, request.arms, bench, std::move(arena), phases_s, sink);
  results::Result end;
  end.phases_s = std::move(phases_s);
  lines.write({{"result", to_json(end)}});
}

} // namespace

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

} // namespace bench::replicate
