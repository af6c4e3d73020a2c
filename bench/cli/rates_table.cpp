#include <bench/base/error.h>
#include <bench/baseline/lookup.h>
#include <bench/cli/rates_table.h>
#include <bench/compare/off_the_line.h>
#include <bench/compare/rates.h>
#include <bench/replicate/injection.h>
#include <bench/stats/variance.h>
#include <bench/text/columns.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace bench::cli {
namespace {

using compare::DataNoise;
using compare::KnownArm;
using compare::Rates;

replicate::Injection injection_of(const std::string& id) {
  return replicate::parse_injection(std::string_view(id).substr(id.find('#') + 1));
}

/// Of log clock: arms that are nearer do not tell what a unit of it does.
constexpr double kTellingClocks = 0.005;
constexpr int kMostReplicates = 5; ///< a side; more are beyond any data set there is

/// Cases by id, with their arms of known drift in ascending order.
std::map<std::string, std::vector<KnownArm>> known_arms(const results::Result& data) {
  std::map<std::string, std::vector<KnownArm>> cases;
  for (const results::CaseResult& c : data.cases) {
    const std::string id = replicate::id_without_injection(c.id);
    if (id == c.id)
      continue;
    const replicate::Injection injection = injection_of(c.id);
    if (injection.kind != replicate::Injection::Kind::norms) // whose cost nobody knows exactly
      cases[id].push_back({c.id, std::log1p(injection.amount)});
  }
  for (auto& [id, arms] : cases)
    std::ranges::stable_sort(arms, {}, &KnownArm::drift);
  return cases;
}

/// "unchanged", "power", "+0.3 %".
std::string arm_text(const KnownArm& arm) {
  if (arm.drift != 0)
    return fmt::format("{:+.3g} %", 100 * std::expm1(arm.drift));
  return injection_of(arm.id).kind == replicate::Injection::Kind::none ? "unchanged" : "power";
}

std::string percent(double share, int decimals) {
  return fmt::format("{:.{}f} %", 100 * share, decimals);
}

/// "0.3 %, 1 of 8 (0..53)": the share of all deals, and of one deal the number and its exact bounds
/// in per cent.
std::string share_text(double share, int count, int comparisons) {
  const stats::Bounds bounds = stats::clopper_pearson(count, comparisons);
  return fmt::format("{}, {} of {} ({:.0f}..{:.0f})", percent(share, 1), count, comparisons,
                     100 * bounds.low, 100 * bounds.high);
}

void print_rules(const Rates& rates, const std::vector<KnownArm>& arms, std::FILE* out) {
  std::vector<std::string> headers{fmt::format("{} v {}", rates.replicates, rates.replicates)};
  for (const KnownArm& each : arms)
    headers.push_back(arm_text(each) + (each.drift == 0 ? ": alarm" : ": regression"));
  headers.emplace_back("undecided");
  text::Columns columns(headers);
  for (const compare::RuleRates& rule : rates.rules) {
    std::vector<std::string> cells{rule.rule};
    double undecided = 0;
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const compare::Rate& rate = rule.arms[a];
      const compare::Count& count = rule.counts[a];
      const bool changed = arms[a].drift != 0; // then an improvement is no alarm
      cells.push_back(share_text(rate.regression + (changed ? 0 : rate.improvement),
                                 count.regression + (changed ? 0 : count.improvement),
                                 rates.comparisons));
      undecided += rate.inconclusive / static_cast<double>(arms.size());
    }
    cells.push_back(percent(undecided, 1));
    columns.add(std::move(cells));
  }
  const bool one = rates.comparisons == 1;
  fmt::print(
      out,
      "\n{} process{} a side: share of all deals; how many of {} comparison{} no process (the "
      "deal in the order of the data), in brackets the exact 95 % bounds of that\n{}",
      rates.replicates, rates.replicates == 1 ? "" : "es", rates.comparisons,
      one ? " that shares" : "s that share", columns.text(text::Style(false)));
  fmt::print(out, "{}: +- {}, off the truth by {} on average, {} at most\n", rates.rules[0].rule,
             percent(rates.half_width, 3), percent(rates.mean_error, 3),
             percent(rates.worst_error, 3));
}

void print_off_the_line(const std::vector<compare::OffTheLine>& arms, std::FILE* out) {
  if (arms.empty())
    return;
  text::Columns columns(
      {"arm", "processes", "clock", "off the truth", "a unit of clock", "follows the clock by"});
  for (const compare::OffTheLine& off : arms)
    columns.add({arm_text({off.id, std::log1p(injection_of(off.id).amount)}),
                 fmt::format("{}", off.processes),
                 fmt::format("{:+.2f} %", 100 * std::expm1(off.clocks_apart)),
                 fmt::format("{:+.4f} +- {:.4f} %", 100 * off.error, 100 * off.error_se),
                 std::abs(off.clocks_apart) < kTellingClocks
                     ? ""
                     : fmt::format("{:+.3f} +- {:.3f}", off.error / off.clocks_apart,
                                   off.error_se / std::abs(off.clocks_apart)),
                 fmt::format("{:+.3f} +- {:.3f}", off.follows, off.follows_se)});
  fmt::print(
      out,
      "\nHow far off the clock line an arm is, held against its own process's unchanged case "
      "(mean and standard error over processes)\n{}",
      columns.text(text::Style(false)));
}

/// Half-width of n against n processes of this noise, which is taken as if it were the prior. Of
/// loops, where samples are what takes the time.
void print_resolution(const DataNoise& noise, std::FILE* out) {
  text::Columns columns({"GPU time a side", "processes", "+- at one clock", "+- raw"});
  for (const double seconds : {10.0, 30.0, 60.0}) {
    const double n = std::max(1.0, std::round(seconds / noise.sample_s));
    const auto resolved = [&](double deviation) {
      const stats::Variance of_difference{2 * deviation * deviation / n, noise.df + 2 * (n - 1)};
      return percent(stats::half_width(std::span(&of_difference, 1), 0.99), 3);
    };
    columns.add({fmt::format("{:g} s", seconds), fmt::format("{:g}", n),
                 resolved(noise.adjusted_sd), resolved(noise.raw_sd)});
  }
  fmt::print(out,
             "\nWhat GPU time resolves (99 %, computed from these standard deviations; only the "
             "samples' time)\n{}",
             columns.text(text::Style(false)));
}

} // namespace

void print_rates(const std::filesystem::path& file, int shuffles, std::FILE* out) {
  const results::Result data = results::read(file);
  const auto cases = known_arms(data);
  if (cases.empty())
    throw UsageError(fmt::format("{}: no case with an injection: `bench selftest --append` makes "
                                 "such a data set",
                                 file.string()));
  const compare::NoiseFile known = baseline::noise_of(file, data);
  for (const auto& [id, arms] : cases) {
    const DataNoise noise = compare::data_noise(data, id);
    const bool is_loop = compare::case_of(data, id).kind == "loop";
    fmt::print(out, "{}: {} processes on {} GPUs", id, noise.processes, noise.devices);
    if (is_loop) {
      const double ratio = noise.raw_sd / noise.adjusted_sd;
      fmt::print(
          out,
          ", {:.1f} s of samples each\nbetween processes on one GPU: {} at one clock, {} raw; "
          "judging raw times takes {:.0f} times the processes\n",
          noise.sample_s, percent(noise.adjusted_sd, 3), percent(noise.raw_sd, 3), ratio * ratio);
    } else {
      fmt::print(out, "\nbetween processes on one GPU: {}\n", percent(noise.raw_sd, 3));
    }
    for (int replicates = 1; replicates <= kMostReplicates; ++replicates) {
      try {
        print_rules(compare::judge_rates(data, id, arms, known, replicates, shuffles), arms, out);
      } catch (const UsageError&) { // so many processes no GPU has
        if (replicates == 1)
          throw;
        break;
      }
    }
    print_off_the_line(compare::off_the_line(data, id, arms), out);
    if (is_loop)
      print_resolution(noise, out);
  }
}

} // namespace bench::cli
