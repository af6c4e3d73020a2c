#pragma once

#include <bench/profile/cupti_api.h>
#include <bench/profile/record.h>
#include <bench/replicate/case_results.h>
#include <bench/replicate/injection.h>

#include <functional>
#include <vector>

namespace bench::replicate {

/// A case with the table of its kernels, whose counters are still to come.
struct Uncounted {
  const scenario::Case* work = nullptr;
  Injection injection{}; ///< of a loop
  results::CaseResult result{};
  profile::Records launch{}; ///< what one launch of a kernel case runs, in order
};

/// Adds what the GPU counted: to each kernel of a kernel case, to a loop as a whole step, which
/// runs once for each of CUPTI's passes behind another one, so that it finds the caches as in a
/// loop. Hands each case on; one that could not be counted says why. Not while an Activity lives.
/// On an interrupt those that are left are handed on uncounted; then throws measure::Interrupted.
/// `open` is called once there is something to count.
void count_cases(std::vector<Uncounted> cases, const Bench& bench, const Sink& sink,
                 const std::function<profile::Cupti()>& open = profile::open_cupti);

} // namespace bench::replicate
