#pragma once

#include <cstdio>
#include <filesystem>

namespace bench::cli {

/// `bench selftest --judge DATA`: for each case of the data set with injected arms, the noise of
/// its processes, how often each rule alarms on each arm with exact bounds, how far off the clock
/// line the arms of a loop are, and what so much GPU time resolves. `shuffles` ways to deal the
/// processes out. Throws UsageError.
void print_rates(const std::filesystem::path& data, int shuffles, std::FILE* out);

} // namespace bench::cli
