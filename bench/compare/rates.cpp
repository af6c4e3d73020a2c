#include <bench/base/error.h>
#include <bench/compare/comparison.h>
#include <bench/compare/rates.h>
#include <bench/stats/peers.h>
#include <bench/stats/summary.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <utility>

namespace bench::compare {
namespace {

using stats::Observation;
using stats::Verdict;

/// Within GPUs, of what `value` makes of the replicates of one case.
struct Spread {
  double squares = 0;
  double df = 0;
};

Spread spread(const Devices& devices, std::size_t index,
              const std::function<double(const Observation&)>& value) {
  Spread result;
  for (const auto& [device, processes] : devices) {
    std::vector<double> values;
    for (const Process& process : processes)
      if (process.cases[index])
        values.push_back(value(*process.cases[index]));
    if (values.size() < 2)
      continue;
    const double deviation = stats::standard_deviation(values);
    result.squares += deviation * deviation * static_cast<double>(values.size() - 1);
    result.df += static_cast<double>(values.size() - 1);
  }
  return result;
}

/// Mean over cases of their variances; the arms of a process are no independent processes, so the
/// degrees of freedom are those of one case. `known` gives what the noise does not say.
stats::NoisePrior prior_of(const Devices& devices, std::size_t cases, const stats::Rules& rules,
                           const stats::NoisePrior& known) {
  const auto line = line_of(devices, rules);
  double variance = 0, df = 0;
  for (std::size_t i = 0; i < cases; ++i) {
    const Spread one = spread(devices, i, [&](const Observation& o) { return adjusted(o, line); });
    if (one.df > 0)
      variance += one.squares / one.df / static_cast<double>(cases);
    df = std::max(df, one.df);
  }
  stats::NoisePrior prior{.replicate_sd = std::sqrt(variance),
                          .replicate_df = df,
                          .extrapolation = known.extrapolation};
  if (!rules.along_loops)
    prior.covariates = {
        .clock = known.covariates.clock, .replicate_sd = prior.replicate_sd, .replicate_df = df};
  return prior;
}

struct Tally {
  double count = 0;
  Rate sum;

  void add(Verdict verdict) {
    ++count;
    sum.regression += verdict == Verdict::regression;
    sum.improvement += verdict == Verdict::improvement;
    sum.inconclusive += verdict == Verdict::inconclusive;
  }
  Rate mean() const {
    return {sum.regression / count, sum.improvement / count, sum.inconclusive / count};
  }
};

constexpr std::size_t kJudges = 4;
constexpr const char* kJudgeNames[kJudges] = {"bench, prior of other GPUs",
                                              "... and no error of extrapolation",
                                              "bench, no prior", "bench, raw time, no prior"};

/// The observations of case `index` of these processes.
std::vector<Observation> side_of(const std::vector<const Process*>& processes, std::size_t index) {
  std::vector<Observation> side;
  for (const Process* process : processes)
    side.push_back(*process->cases[index]);
  return side;
}

std::vector<double> times_of(const std::vector<const Process*>& processes, std::size_t index) {
  std::vector<double> times;
  for (const Process* process : processes)
    times.insert(times.end(), process->times[index].begin(), process->times[index].end());
  return times;
}

} // namespace

DataNoise data_noise(const results::Result& data, const std::string& id) {
  const Devices devices = devices_of(data, {id});
  const results::CaseResult& unchanged = case_of(data, id);
  const auto line = line_of(devices, rules_for(unchanged, unchanged, data, {}, 0));
  const Spread at_one_clock =
      spread(devices, 0, [&](const Observation& o) { return adjusted(o, line); });
  const Spread raw = spread(devices, 0, stats::mean_log_time);
  if (raw.df <= 0)
    throw UsageError(fmt::format("{}: no GPU has two processes: nothing can be judged", id));
  DataNoise noise{.devices = static_cast<int>(devices.size()),
                  .adjusted_sd = std::sqrt(at_one_clock.squares / at_one_clock.df),
                  .raw_sd = std::sqrt(raw.squares / raw.df),
                  .df = raw.df};
  double seconds = 0;
  for (const auto& [device, processes] : devices)
    for (const Process& process : processes) {
      ++noise.processes;
      for (const double t : process.times[0])
        seconds += t;
    }
  noise.sample_s = seconds / noise.processes;
  return noise;
}

Rates judge_rates(const results::Result& data, const std::string& id,
                  const std::vector<KnownArm>& arms, const NoiseFile& noise, int replicates,
                  int shuffles, std::uint64_t seed) {
  std::vector<std::string> ids{id};
  for (const KnownArm& each : arms)
    ids.push_back(each.id);
  Devices devices = devices_of(data, ids);
  for (auto& [device, processes] : devices)
    std::erase_if(processes, [](const Process& process) {
      return std::ranges::any_of(process.cases, [](const auto& one) { return !one; });
    });
  const results::CaseResult& base_case = case_of(data, id);
  const stats::NoisePrior known = noise.prior(base_case);

  Rates rates{.replicates = replicates};
  std::vector<std::vector<Tally>> tallies(kJudges + stats::kPeerRules.size(),
                                          std::vector<Tally>(arms.size()));
  std::mt19937_64 random(seed);
  const auto n = static_cast<std::size_t>(replicates);
  // Of one GPU there is no prior of others: the judges that have it are left out.
  const std::size_t first_judge = devices.size() > 1 ? 0 : 2;
  double judged = 0;
  for (auto& [device, processes] : devices) {
    Devices others = devices;
    others.erase(device);
    const stats::Rules base = rules_for(base_case, base_case, data, {}, 0);
    stats::Rules rules[kJudges] = {base, base, base, base};
    rules[0].noise = prior_of(others, ids.size(), base, known);
    rules[1].noise = rules[0].noise;
    rules[1].noise.extrapolation = 0;
    rules[2].noise.extrapolation = known.extrapolation;
    rules[3].adjust = false;
    const std::size_t dealt = processes.size() / (2 * n);
    rates.comparisons += static_cast<int>(dealt);
    for (int shuffle = 0; shuffle < shuffles; ++shuffle) {
      std::ranges::shuffle(processes, random);
      for (std::size_t deal = 0; deal < dealt; ++deal) {
        std::vector<const Process*> before, after;
        for (std::size_t i = 0; i < n; ++i) {
          before.push_back(&processes[deal * 2 * n + i]);
          after.push_back(&processes[deal * 2 * n + n + i]);
        }
        const auto base_side = side_of(before, 0);
        const auto base_times = times_of(before, 0);
        for (std::size_t a = 0; a < arms.size(); ++a) {
          const auto fresh_side = side_of(after, a + 1);
          const auto fresh_times = times_of(after, a + 1);
          for (std::size_t j = first_judge; j < kJudges; ++j) {
            const stats::Judgement judgement = stats::judge(base_side, fresh_side, rules[j]);
            tallies[j][a].add(judgement.verdict);
            if (j == first_judge && std::isfinite(judgement.work.half_width)) {
              const double error = std::abs(judgement.work.estimate - arms[a].drift);
              rates.half_width += judgement.work.half_width;
              rates.mean_error += error;
              rates.worst_error = std::max(rates.worst_error, error);
              ++judged;
            }
          }
          for (std::size_t p = 0; p < stats::kPeerRules.size(); ++p)
            tallies[kJudges + p][a].add(stats::kPeerRules[p].judge(base_times, fresh_times));
        }
      }
    }
  }
  if (rates.comparisons == 0)
    throw UsageError(fmt::format("no GPU has the {} processes that {} against {} take",
                                 2 * replicates, replicates, replicates));
  if (judged > 0) {
    rates.half_width /= judged;
    rates.mean_error /= judged;
  }
  for (std::size_t r = first_judge; r < tallies.size(); ++r) {
    RuleRates rule{.rule = r < kJudges ? kJudgeNames[r]
                                       : std::string(stats::kPeerRules[r - kJudges].name),
                   .arms = {}};
    for (const Tally& tally : tallies[r])
      rule.arms.push_back(tally.mean());
    rates.rules.push_back(std::move(rule));
  }
  return rates;
}

} // namespace bench::compare
