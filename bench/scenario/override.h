#pragma once

#include <bench/scenario/tree.h>

#include <string>

namespace bench::scenario {

/// Puts the VALUE of a `--set KEY=VALUE` into the tree, as if the file said so, with the override
/// as its place. Makes maps that are absent, but no loop, kernel family or profile: a misspelt id
/// would pass for a new one.
void apply_override(Node& root, const std::string& key_value, Faults& faults);

} // namespace bench::scenario
