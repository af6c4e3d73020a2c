#include <bench/base/nearest.h>
#include <bench/scenario/override.h>
#include <bench/scenario/schema.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace bench::scenario {

namespace {

std::vector<std::string> split_at_dots(const std::string& key) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('.', begin), key.size());
    parts.push_back(key.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// The entry of `map` called `name`, made when absent.
Node::Entry& entry_of(Node& map, const std::string& name, const Place& place) {
  if (Node::Entry* entry = map.find_entry(name))
    return *entry;
  Node empty;
  empty.kind = Node::Kind::map;
  empty.place = place;
  return map.entries.emplace_back(Node::Entry{name, place, std::move(empty)});
}

} // namespace

void apply_override(Node& root, const std::string& key_value, Faults& faults) {
  const std::size_t equals = key_value.find('=');
  Place place;
  place.override_key = equals == 0 ? key_value : key_value.substr(0, equals);
  const std::vector<std::string> parts = split_at_dots(key_value.substr(0, equals));
  if (equals == std::string::npos) {
    faults.add(place, "no value; write KEY=VALUE, such as loops.turbo-9.steps=4");
    return;
  }
  if (std::ranges::find(parts, "") != parts.end()) {
    faults.add(place, "no key; write names with dots between, such as loops.turbo-9.steps=4");
    return;
  }
  Node value = parse_override_value(key_value.substr(equals + 1), place, faults);

  Node* map = &root;
  std::string pattern;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const SchemaKey* key = match_child(schema_children(pattern), parts[i]);
    if (key != nullptr && key->is_placeholder() && map->find(parts[i]) == nullptr) {
      faults.add(place, fmt::format("the file has no {}.{}{}", pattern, parts[i],
                                    hint(parts[i], keys_of(map))));
      return;
    }
    map = &entry_of(*map, parts[i], place).value;
    if (map->kind == Node::Kind::nothing)
      map->kind = Node::Kind::map; // `loops:` with nothing after it
    if (!map->is_map()) {
      faults.add(place, fmt::format("'{}' is no map, so it has no '{}'", parts[i], parts[i + 1]));
      return;
    }
    pattern = key == nullptr ? "?" : std::string(key->path);
  }
  Node::Entry& entry = entry_of(*map, parts.back(), place);
  entry.place = place;
  entry.value = std::move(value);
}

} // namespace bench::scenario
