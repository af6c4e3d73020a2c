#pragma once

#include <bench/results/result.h>

#include <string>
#include <vector>

/// How the documents of a run's processes become one result.
namespace bench::results {

/// Takes what a process sent (no case, or one) into the run's result: machine, settings and
/// versions of the first document, replicates of a case beside those of other processes. A part
/// that says its machine has its replicates' origins; of one that does not they are the run's
/// already. Of a case that failed once nothing counts: status and message of the first failure
/// stay. An output that differs between processes of one seed is a message. Throws UsageError where
/// the GPU model, the driver or a library is another than the first document's: a run that is
/// resumed elsewhere.
void merge(Result& run, Result part);

/// The replicates that a case has; 0 when it is not there.
int replicates_of(const Result& run, const std::string& id);

/// The run's cases in the order of `ids`; those not in it (anchors, injections) stay behind them.
void sort_cases(Result& run, const std::vector<std::string>& ids);

} // namespace bench::results
