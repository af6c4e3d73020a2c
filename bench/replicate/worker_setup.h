#pragma once

#include <bench/replicate/case_results.h>
#include <bench/workers/client.h>

#include <ATen/core/Tensor.h>

#include <memory>

/// Making the loop of another process ready, for those that time it and those that profile it.
namespace bench::replicate {

inline constexpr const char* kNoInjection =
    "a worker's loop takes no known change: inject it into a loop of another engine";

/// Starts the worker of the case and notes its command, the digest of its script and its versions
/// in the result's parameters.
std::unique_ptr<workers::Client> start_worker(const scenario::LoopCase& loop, const Bench& bench,
                                              results::CaseResult& result);

/// Has it load the case's loop; sets what is known of a step: operations, forwards. Throws
/// InvalidError when it runs on another GPU than `bench`.
void load_worker(workers::Client& client, const scenario::LoopCase& loop, const Bench& bench,
                 results::CaseResult& result);

/// Its latents as they are now, fp32; undefined where it has none. Raises `peak_memory_bytes`.
at::Tensor latents_of(workers::Client& client, std::int64_t& peak_memory_bytes);

/// What its step `index` adds to them as they are in the beginning.
at::Tensor added_by_step(workers::Client& client, int index);

} // namespace bench::replicate
