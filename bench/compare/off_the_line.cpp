#include <bench/compare/comparison.h>
#include <bench/compare/off_the_line.h>
#include <bench/stats/summary.h>

#include <cmath>
#include <utility>

namespace bench::compare {

std::vector<OffTheLine> off_the_line(const results::Result& data, const std::string& id,
                                     const std::vector<KnownArm>& arms) {
  const stats::Rules rules = rules_for(case_of(data, id), data, {}, 0);
  std::vector<OffTheLine> found;
  for (const KnownArm& each : arms) {
    OffTheLine off{.id = each.id};
    std::vector<double> gaps, errors;
    for (auto& [device, processes] : devices_of(data, {id, each.id})) {
      const auto line = line_of({{device, processes}}, rules);
      if (!line)
        continue;
      for (const Process& process : processes) {
        if (!process.cases[0] || !process.cases[1])
          continue;
        gaps.push_back(stats::mean_log_clock(*process.cases[1]) -
                       stats::mean_log_clock(*process.cases[0]));
        errors.push_back(adjusted(*process.cases[1], line) - adjusted(*process.cases[0], line) -
                         each.drift);
      }
    }
    if (gaps.size() < 3)
      continue;
    const auto n = static_cast<double>(gaps.size());
    off.processes = static_cast<int>(gaps.size());
    off.clocks_apart = stats::mean(gaps);
    off.error = stats::mean(errors);
    off.error_se = stats::standard_deviation(errors) / std::sqrt(n);
    double products = 0, squares = 0, left = 0;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      products += (gaps[i] - off.clocks_apart) * (errors[i] - off.error);
      squares += (gaps[i] - off.clocks_apart) * (gaps[i] - off.clocks_apart);
    }
    off.follows = products / squares;
    for (std::size_t i = 0; i < gaps.size(); ++i) {
      const double rest = errors[i] - off.error - off.follows * (gaps[i] - off.clocks_apart);
      left += rest * rest;
    }
    off.follows_se = std::sqrt(left / (n - 2) / squares);
    found.push_back(std::move(off));
  }
  return found;
}

} // namespace bench::compare
