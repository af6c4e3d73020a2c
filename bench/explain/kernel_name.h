#pragma once

#include <string>
#include <string_view>

/// Names of kernels as people read them.
namespace bench::explain {

/// A demangled name up to the bracket that is outside of all others: that of its arguments.
std::string without_arguments(std::string name);

/// A kernel's name without its arguments and what names have in common (`void`, namespaces of torch
/// and of this project), no control characters, cut to `width` columns (2 at least) with "..".
/// Torch's kernels of one operation an element are named by it: "vectorized_elementwise
/// CUDAFunctor_add<float>". reports/words.py has the same rule; testdata/kernel_names.tsv holds
/// the two together.
std::string short_kernel_name(std::string_view name, std::size_t width);

} // namespace bench::explain
