#pragma once

#include <bench/base/error.h>

#include <fmt/format.h>

#include <regex>
#include <string>
#include <string_view>

namespace bench {

/// The regular expression that `text` of the option `name` ("--only") is. Throws UsageError.
inline std::regex regex_option(std::string_view name, const std::string& text) {
  try {
    return std::regex(text);
  } catch (const std::regex_error& e) {
    throw UsageError(fmt::format("{} '{}': no regular expression ({})", name, text, e.what()));
  }
}

} // namespace bench
