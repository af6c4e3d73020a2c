#pragma once

#include <bench/scenario/catalog.h>
#include <bench/scenario/faults.h>
#include <bench/scenario/tree.h>

#include <string>

namespace bench::scenario {

/// Adds to `faults` all that is wrong with any key by itself: unknown, lacking, of the wrong type,
/// out of range, naming what does not exist.
void check_keys(const Node& root, const Catalog& catalog, Faults& faults);

/// Whether check_keys finds nothing wrong in `map` of the file `root`, a map with the schema's path
/// `pattern`.
bool is_sound(const Node& map, const std::string& pattern, const Node& root,
              const Catalog& catalog);

/// Adds what is wrong with keys in combination: a loop without an engine, nothing to measure, a
/// model with numbers it cannot be built from. Keys that check_keys refuses are passed over.
void check_combinations(const Node& root, const Catalog& catalog, Faults& faults);

} // namespace bench::scenario
