#pragma once

#include <string>

namespace bench::device {

/// The name of a kernel as results hold it: demangled, cut to 160 characters. What is not mangled
/// stays as it is.
std::string kernel_name(const char* mangled);

/// What is no kernel, in place of one's name.
inline constexpr const char* kMemcpyName = "[memcpy]";
inline constexpr const char* kMemsetName = "[memset]";

} // namespace bench::device
