#include <bench/compare/replicate_notes.h>
#include <bench/compare/same_measurement.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace bench::compare {
namespace {

using results::Replicate;

constexpr std::string_view kBase = "the baseline";
constexpr std::string_view kNew = "the new result";

std::size_t without_samples(const ComparedArm& side) {
  return static_cast<std::size_t>(std::ranges::count_if(
      side.of.replicates, [](const Replicate& r) { return r.samples.t_s.empty(); }));
}

/// "1 of 24 samples", "all samples"; "" where every clock is known.
std::string unknown_clocks(const ComparedArm& side) {
  std::size_t unknown = 0, all = 0;
  for (const std::size_t i : side.compared) {
    const std::vector<double>& f_hz = side.arm.replicates[i]->samples.f_hz;
    all += f_hz.size();
    if (side.arm.observations[i].log_f.empty()) // else those without a clock are not judged
      unknown += static_cast<std::size_t>(
          std::ranges::count_if(f_hz, [](double f) { return std::isnan(f); }));
  }
  return unknown == 0     ? ""
         : unknown == all ? "all samples"
                          : fmt::format("{} of {} samples", unknown, all);
}

/// Of the replicates that are compared.
std::size_t without_copies(const ComparedArm& side) {
  return static_cast<std::size_t>(std::ranges::count_if(
      side.compared, [&](std::size_t i) { return !side.arm.observations[i].log_anchor; }));
}

std::string gpus_of(const ComparedArm& side) {
  std::set<std::string> uuids;
  for (const std::size_t i : side.compared)
    uuids.insert(short_uuid(side.arm.observations[i].device));
  uuids.erase("");
  return uuids.empty() ? "this GPU" : fmt::format("{}", fmt::join(uuids, ", "));
}

} // namespace

std::vector<std::string> replicate_warnings(const CaseComparison& c, const ComparedArm& base,
                                            const ComparedArm& fresh, bool on_gpu) {
  std::vector<std::string> lines;
  for (const auto& [side, name] : {std::pair{&base, kBase}, std::pair{&fresh, kNew}}) {
    const std::size_t all = side->of.replicates.size();
    if (side->repeats > 0) {
      lines.push_back(fmt::format("{} repeats {} of its {} replicates: each counts once", name,
                                  side->repeats, all));
    }
    if (const std::size_t empty = without_samples(*side); empty > 0)
      lines.push_back(
          fmt::format("{} has no samples in {} of its {} replicates: left out", name, empty, all));
    if (const std::string unknown = unknown_clocks(*side);
        on_gpu && !c.clock_hz() && !unknown.empty())
      lines.push_back(fmt::format(
          "{} does not know the SM clock of {}: work is judged as it was timed", name, unknown));
  }
  const stats::Judgement& judgement = c.judgement.value();
  if (judgement.base_replicates == 1 && judgement.new_replicates == 1 &&
      std::isfinite(judgement.work.half_width))
    lines.emplace_back("one replicate a side: the interval rests on noise.json alone");
  return lines;
}

void ReplicateNotes::Count::add(std::size_t more, std::size_t of_all) {
  replicates += static_cast<int>(more);
  of += static_cast<int>(of_all);
  cases += more > 0;
}

void ReplicateNotes::add(const CaseComparison& c, const ComparedArm& base,
                         const ComparedArm& fresh) {
  ++cases_;
  if (base.of.gate_work != fresh.of.gate_work)
    ++gates_[{base.of.gate_work, fresh.of.gate_work}];
  if (!c.judgement.value().same_device)
    ++lacking_[gpus_of(fresh)];
  const auto in_base = std::ranges::count_if(fresh.arm.replicates, [&](const Replicate* now) {
    return std::ranges::any_of(base.arm.replicates, [&](const Replicate* before) {
      return same_measurement(*before, *now);
    });
  });
  in_both_.add(static_cast<std::size_t>(in_base), fresh.arm.replicates.size());
  base_without_copy_.add(without_copies(base), base.compared.size());
  new_without_copy_.add(without_copies(fresh), fresh.compared.size());
}

std::string ReplicateNotes::in_cases(int cases) const {
  return cases < cases_ ? fmt::format(" ({} of {} cases)", cases, cases_) : "";
}

std::string ReplicateNotes::without_copy() const {
  std::vector<std::string> sides;
  for (const auto& [count, name] :
       {std::pair{&base_without_copy_, kBase}, std::pair{&new_without_copy_, kNew}}) {
    if (count->replicates > 0) {
      sides.push_back(fmt::format("{} of {} replicates of {}{}", count->replicates, count->of, name,
                                  in_cases(count->cases)));
    }
  }
  return fmt::format("{}", fmt::join(sides, " and "));
}

std::vector<std::string> ReplicateNotes::lines() const {
  std::vector<std::string> lines;
  for (const auto& [gates, cases] : gates_) {
    lines.push_back(fmt::format("gate of {} case{}: {:g} % now, {:g} % in the baseline", cases,
                                cases == 1 ? "" : "s", 100 * gates.second, 100 * gates.first));
  }
  for (const auto& [gpus, cases] : lacking_) {
    lines.push_back(fmt::format("the baseline does not hold {}{}: other GPUs stand for it, and "
                                "what they leave open `bench ab` decides there",
                                gpus, in_cases(cases)));
  }
  if (in_both_.replicates > 0) {
    lines.push_back(fmt::format("compared with itself: the baseline holds {} of the {} new "
                                "replicates{}",
                                in_both_.replicates, in_both_.of, in_cases(in_both_.cases)));
  }
  if (const std::string sides = without_copy(); on_gpu_ && !sides.empty()) {
    lines.push_back(fmt::format("no memory copy was timed beside {}: whether the machine was in "
                                "another mode is unknown",
                                sides));
  }
  return lines;
}

} // namespace bench::compare
