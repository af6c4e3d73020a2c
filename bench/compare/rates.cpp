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

/// The judges that have a prior of other GPUs are left out where there are none.
std::size_t first_judge(bool others) {
  return others ? 0 : 2;
}

/// Processes that stand for the baseline and for the new build.
struct Pairing {
  std::vector<const Process*> before;
  std::vector<const Process*> after;
};

/// Processes one after another in comparisons of `n` against `n`; what is left over is in none.
std::vector<Pairing> deal(const std::vector<Process>& processes, std::size_t n) {
  std::vector<Pairing> pairings(processes.size() / (2 * n));
  auto next = processes.begin();
  for (Pairing& pairing : pairings)
    for (auto* side : {&pairing.before, &pairing.after})
      for (std::size_t i = 0; i < n; ++i)
        side->push_back(&*next++);
  return pairings;
}

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

/// Every rule on processes of one GPU.
class RulesOfDevice {
 public:
  /// `others`: the GPUs that its prior is of.
  RulesOfDevice(const Devices& others, std::size_t cases, const stats::Rules& base,
                const stats::NoisePrior& known)
      : first_(first_judge(!others.empty())), rules_{base, base, base, base} {
    if (first_ == 0)
      rules_[0].noise = prior_of(others, cases, base, known);
    rules_[1].noise = rules_[0].noise;
    rules_[1].noise.extrapolation = 0;
    rules_[2].noise.extrapolation = known.extrapolation;
    rules_[3].adjust = false;
  }

  /// What the first rule says of the arm that is case `index`; `add` gets each rule's number and
  /// verdict.
  template <typename Add>
  stats::Judgement judge(const Pairing& pairing, std::size_t index, const Add& add) const {
    const auto before = side_of(pairing.before, 0), after = side_of(pairing.after, index);
    stats::Judgement first;
    for (std::size_t j = first_; j < kJudges; ++j) {
      stats::Judgement judgement = stats::judge(before, after, rules_[j]);
      add(j, judgement.verdict);
      if (j == first_)
        first = std::move(judgement);
    }
    const auto times_before = times_of(pairing.before, 0),
               times_after = times_of(pairing.after, index);
    for (std::size_t p = 0; p < stats::kPeerRules.size(); ++p)
      add(kJudges + p, stats::kPeerRules[p].judge(times_before, times_after));
    return first;
  }

 private:
  std::size_t first_;
  stats::Rules rules_[kJudges];
};

void count(Count& counts, Verdict verdict) {
  counts.regression += verdict == Verdict::regression;
  counts.improvement += verdict == Verdict::improvement;
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
  constexpr std::size_t kRules = kJudges + stats::kPeerRules.size();
  std::vector<std::vector<Tally>> tallies(kRules, std::vector<Tally>(arms.size()));
  std::vector<std::vector<Count>> counts(kRules, std::vector<Count>(arms.size()));
  std::mt19937_64 random(seed);
  const auto n = static_cast<std::size_t>(replicates);
  double judged = 0;
  for (auto& [device, processes] : devices) {
    Devices others = devices;
    others.erase(device);
    const RulesOfDevice rules(others, ids.size(), rules_for(base_case, base_case, data, {}, 0),
                              known);
    std::vector<Process> in_order = processes;
    std::ranges::sort(in_order, {}, &Process::place);
    for (const Pairing& pairing : deal(in_order, n)) {
      ++rates.comparisons;
      for (std::size_t a = 0; a < arms.size(); ++a)
        rules.judge(pairing, a + 1,
                    [&](std::size_t rule, Verdict verdict) { count(counts[rule][a], verdict); });
    }
    for (int shuffle = 0; shuffle < shuffles; ++shuffle) {
      std::ranges::shuffle(processes, random);
      for (const Pairing& pairing : deal(processes, n)) {
        for (std::size_t a = 0; a < arms.size(); ++a) {
          const stats::Judgement first =
              rules.judge(pairing, a + 1, [&](std::size_t rule, Verdict verdict) {
                tallies[rule][a].add(verdict);
              });
          if (!std::isfinite(first.work.half_width))
            continue;
          const double error = std::abs(first.work.estimate - arms[a].drift);
          rates.half_width += first.work.half_width;
          rates.mean_error += error;
          rates.worst_error = std::max(rates.worst_error, error);
          ++judged;
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
  for (std::size_t r = first_judge(devices.size() > 1); r < kRules; ++r) {
    RuleRates rule{.rule = r < kJudges ? kJudgeNames[r]
                                       : std::string(stats::kPeerRules[r - kJudges].name),
                   .arms = {},
                   .counts = std::move(counts[r])};
    for (const Tally& tally : tallies[r])
      rule.arms.push_back(tally.mean());
    rates.rules.push_back(std::move(rule));
  }
  return rates;
}

} // namespace bench::compare
