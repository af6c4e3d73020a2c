#include <bench/scenario/tree.h>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>

namespace bench::scenario {

namespace {

// Far above any scenario; they stop aliases that contain themselves or multiply.
constexpr int kMostLevels = 32;
constexpr int kMostNodes = 100'000;

/// yaml-cpp's marks count from 0, and are -1 where it knows no place.
Place place_of(const YAML::Mark& mark) {
  return {.line = std::max(mark.line, 0) + 1, .column = std::max(mark.column, 0) + 1};
}

class Converter {
 public:
  /// `place`: of every node, in place of its own, for a text that is no file.
  Converter(Faults& faults, std::optional<Place> place)
      : faults_(faults), place_(std::move(place)) {}

  Node convert(const YAML::Node& yaml, int level = 0) {
    Node node;
    node.place = place_.value_or(place_of(yaml.Mark()));
    if (level > kMostLevels || ++count_ > kMostNodes) {
      refuse(node.place);
    } else if (yaml.IsScalar()) {
      node.kind = Node::Kind::scalar;
      node.text = yaml.Scalar();
      node.quoted = yaml.Tag() == "!";
    } else if (yaml.IsSequence()) {
      node.kind = Node::Kind::list;
      for (const YAML::Node& item : yaml)
        node.items.push_back(convert(item, level + 1));
    } else if (yaml.IsMap()) {
      node.kind = Node::Kind::map;
      for (const auto& entry : yaml)
        add_entry(node, entry.first, entry.second, level);
    }
    return node;
  }

 private:
  void refuse(const Place& place) {
    if (!refused_)
      faults_.add(place, "nested too deeply or too large; an alias that contains itself?");
    refused_ = true;
  }

  void add_entry(Node& map, const YAML::Node& key, const YAML::Node& value, int level) {
    const Place place = place_.value_or(place_of(key.Mark()));
    if (!key.IsScalar()) {
      faults_.add(place, "a key must be a word");
      return;
    }
    if (const Node::Entry* first = map.find_entry(key.Scalar())) {
      const std::string where = place_ ? "" : fmt::format(", first in line {}", first->place.line);
      faults_.add(place, fmt::format("key '{}' given twice{}; keep one", key.Scalar(), where));
      return;
    }
    Node converted = convert(value, level + 1);
    if (converted.kind == Node::Kind::nothing)
      converted.place = place; // yaml-cpp puts an empty value at the next key
    map.entries.push_back({key.Scalar(), place, std::move(converted)});
  }

  Faults& faults_;
  std::optional<Place> place_;
  int count_ = 0;
  bool refused_ = false;
};

/// YAML forbids tabs in indentation; what yaml-cpp says of them does not tell a user so.
void refuse_tabs(std::string_view text, Faults& faults) {
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view content = text.substr(begin, end - begin);
    const std::size_t first = std::min(content.find_first_not_of(" \t\r"), content.size());
    const std::size_t tab = content.find('\t');
    if (tab < first && first < content.size() && content[first] != '#') {
      faults.add({.line = line, .column = static_cast<int>(tab) + 1},
                 "a tab in the indentation; indent with spaces");
    }
    begin = end + 1;
  }
  faults.throw_if_any();
}

std::vector<YAML::Node> load_yaml(const std::string& text, std::optional<Place> place,
                                  Faults& faults) {
  try {
    return YAML::LoadAll(text);
  } catch (const YAML::Exception& error) {
    faults.add(place.value_or(place_of(error.mark)), fmt::format("not YAML: {}", error.msg));
  }
  return {};
}

template <typename Map>
auto find_in(Map& map, std::string_view key) {
  const auto entry = std::ranges::find(map.entries, key, &Node::Entry::key);
  return entry == map.entries.end() ? nullptr : &*entry;
}

} // namespace

const Node::Entry* Node::find_entry(std::string_view key) const {
  return find_in(*this, key);
}

Node::Entry* Node::find_entry(std::string_view key) {
  return find_in(*this, key);
}

const Node* Node::find(std::string_view key) const {
  const Entry* entry = find_entry(key);
  return entry == nullptr ? nullptr : &entry->value;
}

const std::vector<Node::Entry>& entries_of(const Node* map) {
  static const std::vector<Node::Entry> none;
  return map == nullptr ? none : map->entries;
}

std::vector<std::string> keys_of(const Node* map) {
  std::vector<std::string> keys;
  for (const Node::Entry& entry : entries_of(map))
    keys.push_back(entry.key);
  return keys;
}

Node parse_file_text(const std::string& text, Faults& faults) {
  refuse_tabs(text, faults);
  const std::vector<YAML::Node> documents = load_yaml(text, std::nullopt, faults);
  faults.throw_if_any();
  if (documents.empty() || documents.front().IsNull()) {
    faults.add({}, "the file is empty; a scenario needs at least 'scenario' and 'profiles'");
  } else if (documents.size() > 1) {
    faults.add(place_of(documents[1].Mark()), "a second YAML document; keep one in a file");
  } else if (!documents.front().IsMap()) {
    faults.add(place_of(documents.front().Mark()),
               "a scenario is a map of keys, such as 'scenario: zimage'");
  }
  faults.throw_if_any();
  return Converter(faults, std::nullopt).convert(documents.front());
}

Node parse_override_value(const std::string& text, const Place& place, Faults& faults) {
  const std::vector<YAML::Node> documents = load_yaml(text, place, faults);
  Node node;
  node.place = place;
  if (documents.size() > 1)
    faults.add(place, "more than one value");
  else if (!documents.empty())
    node = Converter(faults, place).convert(documents.front());
  return node;
}

} // namespace bench::scenario
