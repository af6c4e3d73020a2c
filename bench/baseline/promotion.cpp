#include <bench/base/error.h>
#include <bench/baseline/promotion.h>
#include <bench/baseline/transfer.h>
#include <bench/compare/arms.h>
#include <bench/compare/comparison.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <ranges>
#include <set>
#include <utility>

namespace bench::baseline {
namespace {

using results::CaseResult;
using results::CaseStatus;
using results::Replicate;
using results::Result;

constexpr std::size_t kAnchorSamples = 24;

/// Leaves at most `most` samples, spread evenly.
void thin_out(results::Samples& samples, std::size_t most) {
  const std::size_t count = samples.t_s.size();
  if (count <= most)
    return;
  const auto thin = [&](auto& column) {
    for (std::size_t i = 0; i < most; ++i)
      column[i] = column[i * count / most];
    column.resize(most);
  };
  thin(samples.start_s);
  thin(samples.t_s);
  thin(samples.f_hz);
  thin(samples.loop);
  thin(samples.step);
}

/// An anchor may lack them: it is not judged.
bool lacks_samples(const CaseResult& c) {
  return c.kind != kAnchor && !has_samples(c);
}

void drop_what_is_not_ok(Result& result) {
  std::erase_if(result.cases,
                [](const CaseResult& c) { return c.status != CaseStatus::ok || lacks_samples(c); });
}

/// What of an old case stays beside the new one's replicates.
void keep_old_replicates(CaseResult& fresh, const CaseResult& old) {
  CaseResult kept = old;
  if (fresh.kind != kAnchor) { // old anchors go with the last replicate that needs them
    std::set<std::string> promoted;
    for (const Replicate& replicate : fresh.replicates)
      promoted.insert(replicate.device_uuid);
    std::erase_if(kept.replicates, [&](const Replicate& replicate) {
      return promoted.contains(replicate.device_uuid);
    });
    keep_latest_gpus(kept, kMostGpus - std::min(kMostGpus, promoted.size()));
  }
  add_replicates(fresh, kept);
}

double six_digits(double value) {
  return std::isnan(value) ? value : std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

double milliseconds(double seconds) {
  return std::strtod(fmt::format("{:.3f}", seconds).c_str(), nullptr);
}

/// How it was measured; files of the machine that did are no part of that.
std::vector<std::string> without_files(std::vector<std::string> argv) {
  for (const std::string option : {"--out", "--baseline", "--resume", "--save-latents"}) {
    std::erase_if(argv, [&](const std::string& word) { return word.starts_with(option + "="); });
    for (auto at = argv.begin(); (at = std::find(at, argv.end(), option)) != argv.end();)
      at = argv.erase(at, at + std::min<std::ptrdiff_t>(2, argv.end() - at));
  }
  return argv;
}

} // namespace

void check_promotable(const Named& named, const Promotion& promotion) {
  const Result& result = named.result;
  const auto refuse = [&](std::string_view why) {
    throw UsageError(fmt::format("{}: {}", named.file, why));
  };
  if (promotion.reason.find_first_not_of(" \t\r\n") == promotion.reason.npos)
    refuse("say why it becomes the baseline: --reason TEXT");
  if (result.scenario.empty() || result.scenario.starts_with('.') ||
      result.scenario.find_first_of("/\\") != std::string::npos) {
    refuse("its scenario's name is no file name");
  }
  if (std::ranges::none_of(result.cases, [](const CaseResult& c) {
        return c.kind != kAnchor && c.status == CaseStatus::ok;
      })) {
    refuse("no case is ok: nothing to promote");
  }
  if (promotion.force)
    return;
  if (result.interrupted)
    refuse("was interrupted: run it again, or --force to take the cases that had finished");
  for (const CaseResult& c : result.cases) {
    if (c.status != CaseStatus::ok) {
      refuse(fmt::format("{} is {}: run it again, or --force to leave such cases out", c.id,
                         to_string(c.status)));
    }
    if (lacks_samples(c))
      refuse(fmt::format("{} has no samples: run it again, or --force to leave it out", c.id));
    if (!c.check.finite) {
      refuse(fmt::format("the output of {} is not finite: mend it and run again, or --force to "
                         "take its times all the same",
                         c.id));
    }
  }
  if (result.git_dirty || std::ranges::any_of(result.origins, &results::Origin::git_dirty))
    refuse("was measured by a harness with uncommitted changes: commit and run again, or --force");
  if (result.device == "cpu")
    refuse("was measured on the CPU: its times say nothing about a GPU; --force to take it");
}

void check_same_model(const Result& existing, const std::string& file, const Named& fresh) {
  if (same_model(existing, fresh.result))
    return;
  throw UsageError(fmt::format("{} is of {}, {} of {}: name another folder with --into, or --force "
                               "to replace the baseline",
                               file, compare::device_model(existing), fresh.file,
                               compare::device_model(fresh.result)));
}

std::string gpu_folder(const Result& result, const std::string& file) {
  if (result.device == "cpu")
    return "cpu";
  std::string name = compare::gpu_name(result);
  if (constexpr std::string_view kVendor = "NVIDIA "; name.starts_with(kVendor))
    name.erase(0, kVendor.size());
  name.erase(std::min(name.find_first_of(" _/\\."), name.size()));
  if (name.empty()) {
    throw UsageError(
        fmt::format("{}: /machine/gpu/name: says no GPU; name the folder with --into", file));
  }
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

Result merge(const std::vector<Named>& named, bool force) {
  const Named& first = named.front();
  Result merged = first.result;
  drop_what_is_not_ok(merged);
  for (const Named& other : named | std::views::drop(1)) {
    const auto demand_same = [&](const char* what, const std::string& a, const std::string& b) {
      if (a != b) {
        throw UsageError(fmt::format("{} is of {} {}, {} of {}: promote them one by one",
                                     other.file, what, b, first.file, a));
      }
    };
    demand_same("scenario", merged.scenario, other.result.scenario);
    demand_same("device", merged.device, other.result.device);
    demand_same("GPU model", compare::gpu_name(merged), compare::gpu_name(other.result));
    if (!force)
      demand_same("revision", merged.git_sha, other.result.git_sha);
    if (without_files(other.result.argv) != without_files(merged.argv))
      merged.argv.clear(); // no one command measured both
    merged.interrupted |= other.result.interrupted;
    for (const CaseResult& c : other.result.cases) {
      if (c.status != CaseStatus::ok)
        continue;
      CaseResult* known = find_case(merged, c.id);
      if (!known) {
        merged.cases.push_back(moved(c, other.result, merged));
      } else if (same_work(*known, c)) {
        add_replicates(*known, moved(c, other.result, merged));
      } else {
        throw UsageError(fmt::format("{}: {} is other work than in {}: {}; promote them one by one",
                                     other.file, c.id, first.file, work_change(*known, c)));
      }
    }
  }
  return merged;
}

Result promote(const std::optional<Result>& existing, Result fresh, const Promotion& promotion) {
  drop_what_is_not_ok(fresh);
  fresh.argv = without_files(std::move(fresh.argv));
  fresh.settings["promotion"] = {
      {"reason", promotion.reason}, {"from", fresh.git_sha}, {"when", promotion.when}};
  // Of another GPU model nothing can stay: cases of one file are compared as of one model.
  if (existing && same_model(*existing, fresh)) {
    for (const CaseResult& old : existing->cases) {
      CaseResult* now = find_case(fresh, old.id);
      if (!now) {
        fresh.cases.push_back(moved(old, *existing, fresh));
        if (old.kind != kAnchor)
          fresh.argv.clear(); // no one command measured both
      } else if (same_work(*now, old) &&
                 !(promotion.replace && old.kind != kAnchor && promotion.replace->is_in(old.id))) {
        const std::size_t replicates = now->replicates.size();
        keep_old_replicates(*now, moved(old, *existing, fresh));
        if (now->replicates.size() > replicates)
          fresh.argv.clear();
      }
    }
  }
  prune_anchors(fresh);
  for (CaseResult& c : fresh.cases) {
    for (Replicate& replicate : c.replicates)
      if (c.kind == kAnchor)
        thin_out(replicate.samples, kAnchorSamples);
  }
  prune_origins(fresh);
  compact(fresh);
  return fresh;
}

void compact(Result& result) {
  for (CaseResult& c : result.cases) {
    for (Replicate& replicate : c.replicates) {
      replicate.trace.reset();
      replicate.processes.clear();
      std::ranges::transform(replicate.samples.t_s, replicate.samples.t_s.begin(), six_digits);
      std::ranges::transform(replicate.samples.f_hz, replicate.samples.f_hz.begin(), six_digits);
      std::ranges::transform(replicate.samples.start_s, replicate.samples.start_s.begin(),
                             milliseconds);
    }
  }
}

std::string baseline_text(const Result& result, const std::string& file) {
  std::string text = to_text(result);
  if (text.size() > kMaxBaselineBytes) {
    throw UsageError(fmt::format("{}: would take {:.1f} MB, a baseline may take {:.0f}: promote "
                                 "fewer replicates, or run fewer loops",
                                 file, static_cast<double>(text.size()) / 1e6,
                                 static_cast<double>(kMaxBaselineBytes) / 1e6));
  }
  return text;
}

std::vector<std::string> baseline_faults(const Result& result) {
  std::vector<std::string> faults;
  for (const CaseResult& c : result.cases) {
    const auto add = [&](std::string_view fault) {
      faults.push_back(fmt::format("{}: {}", c.id, fault));
    };
    if (c.status != CaseStatus::ok)
      add(fmt::format("is {}, not ok", to_string(c.status)));
    if (c.kind == kAnchor)
      continue;
    const auto is_hex = [](char ch) {
      return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f');
    };
    if (c.hash.size() != 16 || !std::ranges::all_of(c.hash, is_hex))
      add(fmt::format("its hash must be 16 hex digits, not '{}'", c.hash));
    if (!has_samples(c))
      add("has no samples");
  }
  return faults;
}

std::string promotion_fact(const Result& result, const std::string& key) {
  const auto promotion = result.settings.find("promotion");
  if (promotion == result.settings.end())
    return "";
  const auto fact = promotion->second.find(key);
  return fact == promotion->second.end() ? "" : fact->second;
}

} // namespace bench::baseline
