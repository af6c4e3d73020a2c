#pragma once

#include <bench/scenario/scenario.h>

#include <string>

namespace bench::scenario {

/// What defines the work of a case, one `key=value` a line in a fixed order. What only names it
/// (ids, scenario, profile), judges it (gate) or samples it is not in it.
std::string canonical_work(const Case& measured);

/// 64-bit FNV-1a of canonical_work, 16 hex digits.
std::string case_hash(const Case& measured);

} // namespace bench::scenario
