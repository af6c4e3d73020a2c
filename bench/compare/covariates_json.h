#pragma once

#include <bench/stats/covariates.h>

#include <nlohmann/json.hpp>

namespace bench::compare {

/// What was taken out of work besides the clock's line: null for nothing. `share` is what it has in
/// `clock`, of log time; the slopes are of log time on log clock, on top of the line's, should
/// there be one, and per
/// degree Celsius.
inline nlohmann::ordered_json covariates_json(const stats::Covariates& covariates, double share) {
  if (!covariates.used())
    return nullptr;
  return {{"share", share},
          {"clock_slope", covariates.clock_slope().slope},
          {"temperature_slope", covariates.temperature_slope().slope}};
}

} // namespace bench::compare
