#pragma once

#include <bench/scenario/faults.h>

#include <string>
#include <string_view>
#include <vector>

/// YAML as a plain tree in which every key and value knows its place. The only part of the
/// library that knows yaml-cpp, whose own nodes cannot be told that they came from `--set`.
namespace bench::scenario {

struct Node {
  enum class Kind { nothing, scalar, list, map };
  struct Entry;

  Kind kind = Kind::nothing;
  Place place;
  std::string text;           ///< of a scalar
  bool quoted = false;        ///< a scalar in quotes, never a number
  std::vector<Node> items;    ///< of a list
  std::vector<Entry> entries; ///< of a map, in the file's order, each key once

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }

  /// The value of a key of a map; null when it is absent or this is no map.
  const Node* find(std::string_view key) const;
  const Entry* find_entry(std::string_view key) const;
  Entry* find_entry(std::string_view key);
};

struct Node::Entry {
  std::string key;
  Place place; ///< of the key
  Node value;
};

/// The entries of a map that may be absent (null).
const std::vector<Node::Entry>& entries_of(const Node* map);
std::vector<std::string> keys_of(const Node* map);

/// The map that a scenario file holds. Throws by `faults` when there is none; keys given twice are
/// added to `faults`, and the first one stands.
Node parse_file_text(const std::string& text, Faults& faults);

/// A YAML value from the command line; all of it is at `place`.
Node parse_override_value(const std::string& text, const Place& place, Faults& faults);

} // namespace bench::scenario
