#include <bench/base/error.h>
#include <bench/results/merge.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace bench::results {
namespace {

void merge_case(CaseResult& into, CaseResult part) {
  if (into.status != CaseStatus::ok)
    return;
  if (part.status != CaseStatus::ok) {
    // The replicates that went well stay as they are: the file says what was measured.
    into.status = part.status;
    into.message = std::move(part.message);
    return;
  }
  if (into.kind == "loop" && part.check.checksum != into.check.checksum)
    into.message = "the output differs between processes though the input is the same";
  else if (into.message.empty())
    into.message = std::move(part.message);
  const auto worse = [](std::optional<double>& one, const std::optional<double>& other, bool more) {
    if (other && (!one || (more ? *other > *one : *other < *one)))
      one = other;
  };
  worse(into.check.step_error, part.check.step_error, /*more=*/true);
  worse(into.check.psnr_db, part.check.psnr_db, /*more=*/false);
  if (gpu_waits_for_host(part))
    note_gpu_waits_for_host(into);
  into.peak_memory_bytes = std::max(into.peak_memory_bytes, part.peak_memory_bytes);
  for (const auto& [phase, seconds] : part.phases_s)
    into.phases_s[phase] += seconds;
  std::ranges::move(part.replicates, std::back_inserter(into.replicates));
}

/// What makes the machine of `part` another one than that of `run`; "" where nothing does.
std::string machine_change(const Result& run, const Result& part) {
  for (const std::string group : {"gpu", "driver", "libraries"})
    for (const auto& [key, before, now] : changed_facts(run.machine, part.machine, group))
      if (group != "gpu" || key == "name") // uuid, limits, temperatures: not another machine
        return fmt::format("{} {} was {}, now it is {}", group, key, before, now);
  return "";
}

} // namespace

void merge(Result& run, Result part) {
  if (const std::string change = machine_change(run, part); !change.empty())
    throw UsageError(fmt::format(
        "this machine is not the one that the run began on: {}; start a run of its own", change));
  if (run.machine.empty() && !part.machine.empty()) {
    run.tool_version = part.tool_version;
    run.git_sha = part.git_sha;
    run.git_dirty = part.git_dirty;
    run.device = part.device;
    run.machine = part.machine;
    run.settings = part.settings;
  }
  for (const auto& [phase, seconds] : part.phases_s)
    run.phases_s[phase] += seconds;
  for (CaseResult& c : part.cases) {
    if (!part.machine.empty()) // else its origins are the run's already
      for (Replicate& replicate : c.replicates)
        set_origin(run, replicate, origin_of(part, replicate.origin));
    if (CaseResult* found = find_case(run, c.id))
      merge_case(*found, std::move(c));
    else
      run.cases.push_back(std::move(c));
  }
}

int replicates_of(const Result& run, const std::string& id) {
  const CaseResult* found = find_case(run, id);
  return found ? static_cast<int>(found->replicates.size()) : 0;
}

void sort_cases(Result& run, const std::vector<std::string>& ids) {
  std::ranges::stable_sort(run.cases, {}, [&](const CaseResult& c) {
    return std::ranges::find(ids, c.id) - ids.begin();
  });
}

} // namespace bench::results
