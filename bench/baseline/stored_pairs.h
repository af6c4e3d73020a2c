#pragma once

#include <bench/compare/ab.h>
#include <bench/compare/comparison.h>

#include <filesystem>
#include <vector>

/// What `bench ab` left in a folder, beside a baseline that could not decide.
namespace bench::baseline {

/// The comparison of the two results that `bench ab` left in a folder, made anew from their
/// samples. Throws UsageError for what cannot be read.
compare::AbComparison read_pairs(const std::filesystem::path& folder);

/// Has each of these folders' pairs decide what `comparison` could not, in their order.
void decide_by_pairs(compare::Comparison& comparison,
                     const std::vector<std::filesystem::path>& folders);

} // namespace bench::baseline
