#include <bench/base/error.h>
#include <bench/base/utc.h>
#include <bench/compare/plausibility.h>
#include <bench/replicate/injection.h>
#include <bench/results/merge.h>
#include <bench/runner/recorder.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bench::runner {
namespace {

std::string outcome_line(const results::CaseResult& result) {
  if (result.status != results::CaseStatus::ok)
    return fmt::format("{}: {}", to_string(result.status), result.message);
  const double t = stats::median(result.replicates.back().samples.t_s);
  return result.kind == "loop" ? fmt::format("{:.2f} ms/step", t * 1e3)
                               : fmt::format("{:.2f} us", t * 1e6);
}

std::string profile_line(const results::KernelProfile& profile) {
  if (profile.kernels.empty())
    return "no kernel table: " + profile.message;
  std::int64_t launches = 0;
  for (const results::ProfiledKernel& k : profile.kernels)
    launches += k.launches;
  return fmt::format("{} kernels in {} launches", profile.kernels.size(), launches);
}

results::CaseStatus status_of(const results::Result& result, const std::string& id) {
  const results::CaseResult* found = find_case(result, id);
  return found ? found->status : results::CaseStatus::ok;
}

} // namespace

results::Result begin_result(const Job& job, const std::vector<std::string>& argv) {
  results::Result result;
  result.argv = argv;
  result.started = utc_now();
  result.scenario = job.plan.scenario;
  result.scenario_file = job.scenario.file().string();
  result.scenario_text = job.scenario.text();
  result.overrides = job.overrides;
  result.only = job.only;
  result.profile = job.plan.profile;
  return result;
}

Recorder::Recorder(const Job& job, results::Result begun, GuardedGpu& gpu,
                   text::ProgressDisplay& progress)
    : job_(job), result_(std::move(begun)), gpu_(gpu), progress_(progress) {
  for (const scenario::Case& c : job.plan.cases)
    ids_.push_back(c.id);
}

std::vector<std::string> Recorder::lacking(std::vector<std::string> cases, int number) const {
  std::erase_if(cases, [&](const std::string& id) {
    return results::replicates_of(result_, id) >= number ||
           status_of(result_, id) != results::CaseStatus::ok;
  });
  return cases;
}

std::optional<ExitCode> Recorder::measure(const std::filesystem::path& program,
                                          replicate::Request request, int number) {
  if (request.cases.empty())
    return std::nullopt;
  const ReplicateEnd end = run_replicate(program, std::move(request), progress_,
                                         [&](results::Result part) { keep(std::move(part)); });
  if (end.interrupted) {
    result_.interrupted = true;
    return ExitCode::interrupted;
  }
  if (end.fault.empty())
    return std::nullopt;
  progress_.clear();
  if (result_.cases.empty())
    throw Error(end.code, end.fault);
  fmt::print(stderr, "bench: replicate {}: {}\n", number, end.fault);
  return end.code;
}

std::optional<ExitCode> Recorder::profile(const std::filesystem::path& program,
                                          replicate::Request request) {
  const auto is_measured = [](const results::CaseResult& c) {
    return c.kind != "anchor" && c.status == results::CaseStatus::ok;
  };
  std::erase_if(request.cases, [&](const std::string& id) {
    return std::ranges::none_of(result_.cases, [&](const results::CaseResult& c) {
      return is_measured(c) && replicate::id_without_injection(c.id) == id;
    });
  });
  if (request.cases.empty())
    return std::nullopt;
  request.profile_kernels = true;
  const ReplicateEnd end =
      run_replicate(program, std::move(request), progress_, [&](results::Result part) {
        for (results::CaseResult& c : part.cases) {
          results::CaseResult* found = find_case(result_, c.id);
          if (!found)
            continue;
          found->profile = c.profile.value_or(results::KernelProfile{});
          if (!c.profile) // a process that broke off lost it
            found->profile->message = c.message;
          progress_.end(profile_line(*found->profile));
          write(result_, job_.out);
        }
      });
  for (results::CaseResult& c : result_.cases)
    if (is_measured(c) && !c.profile)
      c.profile.emplace().message = end.interrupted ? "interrupted" : end.fault;
  return end.interrupted ? std::optional(ExitCode::interrupted) : std::nullopt;
}

void Recorder::keep(results::Result part) {
  if (const auto gpu = part.machine.find("gpu"); gpu != part.machine.end())
    gpu_.lock(gpu->second["uuid"]);
  part.profile = result_.profile; // which a process need not know
  if (!part.machine.empty())      // its first document
    origin_ = origin_of(part, std::nullopt);
  for (results::CaseResult& c : part.cases) {
    if (rename)
      c.id = rename(c.id);
    std::string fault = gpu_.spoiled();
    if (fault.empty())
      fault = compare::setting_changed(result_, c);
    if (fault.empty())
      fault = compare::wrong_output(c);
    if (fault.empty() && job_.plan.device == scenario::DeviceKind::cuda)
      fault = compare::impossible_speed(c);
    if (!fault.empty() && c.status == results::CaseStatus::ok) {
      c.status = results::CaseStatus::invalid;
      c.message = std::move(fault);
    }
    for (results::Replicate& replicate : c.replicates)
      set_origin(result_, replicate, origin_);
    complete(c);
    if (c.kind != "anchor")
      progress_.end(outcome_line(c));
  }
  results::merge(result_, std::move(part));
  if (std::ranges::any_of(result_.cases, [](const auto& c) { return c.kind != "anchor"; }))
    write(result_, job_.out);
}

/// A case that a worker lost has only its id.
void Recorder::complete(results::CaseResult& result) const {
  const auto base = std::ranges::find(job_.plan.cases, replicate::id_without_injection(result.id),
                                      &scenario::Case::id);
  if (!result.hash.empty() || base == job_.plan.cases.end())
    return;
  result.hash = base->hash;
  result.work_version = base->work_version;
  result.gate_work = base->gate.work;
}

void Recorder::finish(bool complete) {
  if (complete)
    result_.finished = utc_now();
  results::sort_cases(result_, ids_);
  write(result_, job_.out);
}

} // namespace bench::runner
