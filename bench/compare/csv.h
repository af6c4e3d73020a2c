#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bench::compare {

/// RFC 4180: quoted where it must be, quotes doubled.
std::string csv_field(std::string_view text);
/// "" for what is not known or not finite.
std::string csv_number(std::optional<double> value);

} // namespace bench::compare
