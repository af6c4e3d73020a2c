#pragma once

#include <string>

namespace bench {

/// The time of day, UTC, ISO 8601: "2026-01-31T12:00:00Z".
std::string utc_now();

} // namespace bench
