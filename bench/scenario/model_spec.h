#pragma once

#include <bench/scenario/scenario.h>
#include <bench/scenario/tree.h>

#include <optional>

namespace bench::scenario {

/// The model of the file with the changes of one loop and then of one profile (their maps, or
/// null), over the catalog's numbers. Nothing when the file has none. Only for keys that check_keys
/// passed.
std::optional<ModelSpec> read_model(const Node& root, const Node* loop, const Node* profile,
                                    const Catalog& catalog);

} // namespace bench::scenario
