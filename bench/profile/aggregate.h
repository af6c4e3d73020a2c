#pragma once

#include <bench/profile/record.h>
#include <bench/results/result.h>

#include <string>
#include <vector>

/// From records to the table that a result holds. Pure functions of records.
namespace bench::profile {

/// The records between successive stamps (measure::Marker), which are left out with what lies
/// before the first and behind the last: n + 1 stamps make n samples.
std::vector<Records> split_at_stamps(const Records& records);

/// The records of `count` times the same work; empty when they are not a multiple of it.
std::vector<Records> split_evenly(const Records& records, std::int64_t count);

/// One sample as the mean over all but the last, which only says where the one before it ends: from
/// its first record to the next one's first. Rows by operation, name, grid and block. A message
/// when the samples do not launch the same kernels. Throws std::invalid_argument for fewer than two
/// samples or an empty one.
results::KernelProfile aggregate(const std::vector<Records>& samples);

/// The row of `profile` that `record` went into; -1 when it went into none.
std::ptrdiff_t row_of(const results::KernelProfile& profile, const Record& record);

} // namespace bench::profile
