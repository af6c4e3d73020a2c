#include <bench/compare/comparison.h>
#include <bench/compare/off_the_line.h>
#include <bench/stats/clock_line.h>
#include <bench/stats/summary.h>

#include <cmath>
#include <cstddef>
#include <span>

namespace bench::compare {

std::vector<OffTheLine> off_the_line(const results::Result& data, const std::string& id,
                                     const std::vector<KnownArm>& arms) {
  const results::CaseResult& unchanged = case_of(data, id);
  const stats::Rules rules = rules_for(unchanged, unchanged, data, {}, 0);
  std::vector<std::string> ids{id};
  for (const KnownArm& each : arms)
    ids.push_back(each.id);
  // Of each arm, over processes: how far its clock is from the unchanged case's, and its error.
  std::vector<stats::Observation> of_arms(arms.size());
  for (auto& [device, processes] : devices_of(data, ids)) {
    const auto line = line_of({{device, processes}}, rules);
    if (!line)
      continue;
    for (const Process& process : processes)
      for (std::size_t a = 0; a < arms.size(); ++a) {
        const auto &unchanged = process.cases[0], &arm = process.cases[a + 1];
        if (!unchanged || !arm)
          continue;
        of_arms[a].log_f.push_back(stats::mean_log_clock(*arm) - stats::mean_log_clock(*unchanged));
        of_arms[a].log_t.push_back(adjusted(*arm, line) - adjusted(*unchanged, line) -
                                   arms[a].drift);
        of_arms[a].group.push_back(0);
      }
  }
  std::vector<OffTheLine> found;
  for (std::size_t a = 0; a < arms.size(); ++a) {
    const stats::Observation* arm = &of_arms[a];
    const auto follows = stats::fit_clock_line(std::span(&arm, 1));
    if (!follows) // too few processes
      continue;
    const auto processes = static_cast<int>(arm->log_t.size());
    found.push_back({.id = arms[a].id,
                     .processes = processes,
                     .clocks_apart = stats::mean(arm->log_f),
                     .error = stats::mean(arm->log_t),
                     .error_se = stats::standard_deviation(arm->log_t) / std::sqrt(processes),
                     .follows = follows->slope,
                     .follows_se = std::sqrt(follows->variance)});
  }
  return found;
}

} // namespace bench::compare
