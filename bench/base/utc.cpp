#include <bench/base/utc.h>

#include <fmt/chrono.h>

#include <ctime>

namespace bench {

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

} // namespace bench
