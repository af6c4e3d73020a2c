#pragma once

#include <bench/results/result.h>

#include <cstddef>
#include <string>
#include <string_view>

/// Cases and replicates on their way from one result into another.
namespace bench::baseline {

inline constexpr std::string_view kAnchor = "anchor"; ///< CaseResult::kind

bool same_model(const results::Result& a, const results::Result& b);

bool has_replicate(const results::CaseResult& c, const results::Replicate& replicate);
bool has_gpu(const results::CaseResult& c, const std::string& uuid);

/// A file given twice must not count as two measurements. A GPU that waited for the host in either
/// waits for it in `to`.
void add_replicates(results::CaseResult& to, const results::CaseResult& from);

/// The case of `from`, so that its replicates keep their origins in `to`.
results::CaseResult moved(results::CaseResult c, const results::Result& from, results::Result& to);

/// Leaves the replicates of the `most` GPUs that were measured last.
void keep_latest_gpus(results::CaseResult& c, std::size_t most);

/// Leaves of anchors only those of processes that some case's replicate came from.
void prune_anchors(results::Result& result);

} // namespace bench::baseline
