#pragma once

#include <bench/profile/record.h>
#include <bench/results/result.h>

#include <cstdint>
#include <span>
#include <vector>

/// From records to the table that a result holds. Pure functions of records.
namespace bench::profile {

/// The records between successive stamps (measure::Marker), which are left out with what lies
/// before the first and behind the last: n + 1 stamps make n samples.
std::vector<Records> split_at_stamps(const Records& records);

/// The records of `count` times the same work; empty when they are not a multiple of it.
std::vector<Records> split_evenly(const Records& records, std::int64_t count);

/// One sample as the mean over all, which follow each other from `begin_ns` on: from the end of the
/// one before it to its own end. A kernel's time begins where all before it have ended: one that is
/// launched early (programmatic dependent launch) sits on the GPU and waits, and would count its
/// predecessor's time a second time. So times and gaps add up to the sample. Rows by operation,
/// name, grid and block. A message when the samples do not launch the same kernels. Throws
/// std::invalid_argument when there is none or an empty one.
results::KernelProfile aggregate(std::span<const Records> samples, std::uint64_t begin_ns);

/// When the last of them ended.
std::uint64_t end_of(const Records& records);

/// The row of `profile` that `record` went into; -1 when it went into none.
std::ptrdiff_t row_of(const results::KernelProfile& profile, const Record& record);

} // namespace bench::profile
