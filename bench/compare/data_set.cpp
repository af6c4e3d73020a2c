#include <bench/base/error.h>
#include <bench/compare/arms.h>
#include <bench/compare/data_set.h>

#include <fmt/format.h>

#include <cstdint>
#include <tuple>
#include <utility>

namespace bench::compare {

using stats::Observation;

const results::CaseResult& case_of(const results::Result& data, const std::string& id) {
  const results::CaseResult* found = find_case(data, id);
  if (!found || found->replicates.empty())
    throw UsageError(fmt::format("the data has no replicates of {}", id));
  return *found;
}

Devices devices_of(const results::Result& data, const std::vector<std::string>& ids) {
  const Copies of_data(data);
  std::map<std::tuple<std::string, std::int64_t, std::uint64_t>, Process> processes;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const results::CaseResult& c = case_of(data, ids[i]);
    const Arm all = arm(c, of_data, PlaceEffects(c));
    for (std::size_t r = 0; r < all.replicates.size(); ++r) {
      const results::Replicate& replicate = *all.replicates[r];
      const auto [found, is_new] =
          processes.try_emplace({replicate.device_uuid, replicate.process, replicate.seed});
      Process& process = found->second;
      if (is_new)
        process.place = r;
      process.cases.resize(ids.size());
      process.times.resize(ids.size());
      process.cases[i] = all.observations[r];
      process.times[i] = replicate.samples.t_s;
    }
  }
  Devices devices;
  for (auto& [key, process] : processes)
    devices[std::get<0>(key)].push_back(std::move(process));
  return devices;
}

std::optional<stats::ClockLine> line_of(const Devices& devices, const stats::Rules& rules) {
  if (!rules.adjust || !rules.along_loops)
    return std::nullopt;
  std::vector<const Observation*> all;
  for (const auto& [device, processes] : devices)
    for (const Process& process : processes)
      if (process.cases[0])
        all.push_back(&*process.cases[0]);
  return stats::fit_clock_line(all);
}

double adjusted(const Observation& observation, const std::optional<stats::ClockLine>& line) {
  return stats::mean_log_time(observation) - (line && !observation.log_f.empty()
                                                  ? line->slope * stats::mean_log_clock(observation)
                                                  : 0);
}

} // namespace bench::compare
