#pragma once

#include <bench/base/pattern.h>
#include <bench/results/result.h>

#include <optional>
#include <string>
#include <vector>

/// Makes a baseline, which is a result file like any other, out of results.
namespace bench::baseline {

/// A repository is to hold it: past this, fewer replicates or loops.
inline constexpr std::size_t kMaxBaselineBytes = 2'000'000;

/// A case's GPUs in a baseline: enough to know how far apart GPUs are, few enough for the file.
/// Only one promotion of more leaves more.
inline constexpr std::size_t kMostGpus = 12;

/// A result and the file it came from, for messages.
struct Named {
  std::string file;
  results::Result result;
};

struct Promotion {
  std::string reason;
  std::string when;   ///< UTC, ISO 8601
  bool force = false; ///< take what is doubtful: see check_promotable
  /// Of promoted cases whose ids this finds, the replicates of other GPUs go too: they are of code
  /// that was slower or faster.
  std::optional<Pattern> replace{};
};

/// Throws UsageError for what should be no baseline unless it is forced: an interrupted run, a case
/// that is not ok or has no samples (forced: it is left out) or whose output is not finite, a
/// harness with uncommitted changes (be it of some replicates), a CPU's times. Never allowed: a
/// reason that is empty, a scenario name that is no file name, no case that is ok.
void check_promotable(const Named& named, const Promotion& promotion);

/// Throws UsageError where the baseline `file` holds `existing`, of another GPU model than `fresh`,
/// so that nothing of it would stay.
void check_same_model(const results::Result& existing, const std::string& file, const Named& fresh);

/// "NVIDIA H200" -> "h200", "NVIDIA H100 80GB HBM3" -> "h100"; "cpu". Throws UsageError, naming the
/// file, when the result does not say its GPU.
std::string gpu_folder(const results::Result& result, const std::string& file);

/// The results as one: replicates of all of them by case. Throws UsageError when they are not of
/// one scenario, GPU model, revision, or a case's hash differs between them.
results::Result merge(const std::vector<Named>& named, bool force);

/// The baseline after the promotion of `fresh`. Of a case with the same hash and work version the
/// replicates on other GPUs stay unless they are to be replaced, those on its GPUs are replaced.
/// Where that is more than kMostGpus, those other GPUs go that were measured first, never one of
/// `fresh`, however old its results are. Cases with another hash are replaced; cases that `fresh`
/// lacks stay. What stays keeps its origin: the file says of every replicate by which build, driver
/// and machine it was measured. Of an anchor, which a verdict asks for its median only, 24 samples
/// stay, spread evenly. Numbers are rounded as `compact` does.
results::Result promote(const std::optional<results::Result>& existing, results::Result fresh,
                        const Promotion& promotion);

/// Times and frequencies to six digits, starts to a millisecond: far below what moves a verdict,
/// and half the bytes. Traces and processes go: no verdict needs them, and `machine` keeps their
/// means and how many processes there were.
void compact(results::Result& result);

/// The baseline's text. Throws UsageError naming `file` when it is too large to be kept.
std::string baseline_text(const results::Result& result, const std::string& file);

/// What is wrong with a baseline that could be read, one line each: a case not ok, a hash that is
/// none, no samples.
std::vector<std::string> baseline_faults(const results::Result& result);

/// The entry of `result.settings["promotion"]`; "" when it was not promoted.
std::string promotion_fact(const results::Result& result, const std::string& key);

} // namespace bench::baseline
